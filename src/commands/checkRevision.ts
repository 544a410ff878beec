/** The edit of an old screen: refused, with what has changed since. */
import { type Rejection, reject } from '../domain/kernel/rejection.ts';
import type { StreamState } from './streamState.ts';
import type { Streams } from './streams.ts';
import type { Wish } from './wish.ts';

/** At most so many changes are told. */
const MAX_CHANGES = 20;

export async function checkRevision(
  wish: Wish,
  state: StreamState,
  streams: Streams,
): Promise<Rejection | undefined> {
  const { ifRevision } = wish;
  if (ifRevision === undefined || ifRevision === state.revision || state.revision < 0) return undefined;
  if (ifRevision > state.revision)
    return reject(
      'STALE',
      `the record is at revision ${state.revision}, not yet at ${ifRevision}; read it again`,
      'ifRevision',
      {
        revision: state.revision,
        changes: [],
      },
    );
  const events = await streams.eventsFrom(
    wish.command.aggregate,
    wish.context.workspaceId,
    wish.id,
    ifRevision + 1,
    MAX_CHANGES,
  );
  const changes = events.map(({ type, revision, occurredAt, actor, data }) => ({
    type,
    revision,
    occurredAt,
    actor,
    fields: Object.keys(data),
  }));
  const what = changes.map(({ type }) => type).join(', ');
  return reject(
    'STALE',
    `since revision ${ifRevision} there was ${what}; look at the record and decide again`,
    'ifRevision',
    {
      revision: state.revision,
      changes,
    },
  );
}
