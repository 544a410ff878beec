/**
 * The parked events of a group: links in a stream, oldest first. A replay reads them from where the last one ended;
 * they go for good only when all that were replayed are done, so that a restart in between loses none.
 */
import type { Engine } from '../engine.ts';
import { follow } from '../links.ts';
import { fieldsOf, ownEvent } from '../record.ts';
import { type PageLimit, RECORD, REVISION, type Row, STREAM, TYPE } from '../store.ts';
import { LINK_TYPE } from '../system.ts';
import type { Configured } from './config.ts';
import { append, firstRevision, lastRevision, parkedStream, truncate } from './systemStreams.ts';

export function openParking(engine: Engine, configured: Configured) {
  const stream = parkedStream(configured);
  let next = firstRevision(engine, stream);
  /** A replay goes up to here. */
  let until = next;

  const address = (row: Row): string => `${row[REVISION]}@${engine.streamName(row[STREAM])}`;

  /** What a link to the event says. Of a link that is followed it says where that leads, be there an event or not. */
  function linkTo(row: Row, isReplayed: boolean): string {
    const follows = isReplayed || configured.settings.resolveLinkTos;
    const target = follows && engine.typeName(row[TYPE]) === LINK_TYPE ? follow(engine, row) : undefined;
    if (!target) return address(row);
    return target.row ? address(target.row) : fieldsOf(row[RECORD]).data.toString('utf8');
  }

  return {
    /** Resolves when it is durable. */
    park(row: Row, origin: { readonly isReplayed: boolean }, reason: string): Promise<void> {
      const about = {
        added: new Date().toISOString(),
        reason,
        // As the real server writes it: what is zero is left out.
        ...(row[REVISION] > 0 && { subscriptionEventNumber: row[REVISION] }),
      };
      const binary = linkTo(row, origin.isReplayed);
      return append(engine, stream, ownEvent(LINK_TYPE, { binary, metadata: JSON.stringify(about) }));
    },
    /** How many wait for a replay. */
    count: (): number => lastRevision(engine, stream) + 1 - Math.max(until, firstRevision(engine, stream)),
    /** From now on `read` gives what is parked; `stopAt` is the revision in the parked stream before which it ends. */
    replay(stopAt: number | undefined): void {
      const end = lastRevision(engine, stream) + 1;
      until = Math.max(until, Math.min(stopAt ?? end, end));
    },
    read(limit: PageLimit): readonly Row[] {
      const number = next < until ? engine.stream(stream).number : undefined;
      if (number === undefined) return [];
      const rows = engine
        .streamForwards(number, next, { ...limit, rows: Math.min(limit.rows, until - next) })
        .filter(row => row[REVISION] < until);
      next = (rows.at(-1)?.[REVISION] ?? until - 1) + 1;
      return rows;
    },
    /** All that was read is done. */
    forget: (): Promise<void> => truncate(engine, stream, next),
  };
}
