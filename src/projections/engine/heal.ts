/**
 * Healing: what is parked is folded once more from the beginning of its stream to where the live group is, and takes the
 * place of the rows there, in one transaction and while the group waits. What has come since is never applied as it
 * lies: the event that was in its way comes first.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { bulk, moveTo, notify } from './applyBatch.ts';
import { requestBuilds } from './buildRequests.ts';
import type { Keyed } from './encode.ts';
import { type Folded, foldSteps, type Happening, keyOf, type RowKey, stepsOf, type Touched } from './fold.ts';
import type { LiveGroup, Member } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import { payloadsOf } from './notify.ts';
import { readParked, removeParked, tryFailed } from './parkedTable.ts';
import { type Parked, type Parking, parkingOf } from './parking.ts';
import { isDataError, refusalOf } from './refused.ts';
import type { ProjectedLog } from './source.ts';

export type Healer = {
  readonly pool: pg.Pool;
  readonly source: ProjectedLog;
  readonly token: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly visibleAt: (commit: Position) => Position;
};

/** When it was begun, by Postgres's clock. */
type Trial = Healer & { readonly begun: string };

/** Asks for what is parked to be tried again, from any process: the one that projects does it. */
export const askForRetry = (db: pg.Pool, ids: readonly string[]): Promise<unknown> =>
  db.query('UPDATE relata.parked SET asked_at = clock_timestamp() WHERE id = ANY ($1)', [ids]);

/** Tries what was asked for, or what may have become readable with another version of Relata. */
export async function healParked(
  healer: Healer,
  live: LiveGroup,
  which: 'asked' | 'unreadable',
  signal: AbortSignal,
): Promise<void> {
  const where = which === 'asked' ? 'asked_at IS NOT NULL' : `code = 'UNDECODABLE'`;
  const listed = await readParked(healer.pool, where);
  for (const [first] of Map.groupBy(listed, ({ schema, stream }) => `${schema} ${stream}`).values()) {
    if (signal.aborted || !first) return;
    await live.exclusive(async () => {
      // A build that isn't level is tried once it is.
      const member = live.members.find(({ build }) => build.schema === first.schema);
      if (member) await healStream({ ...healer, begun: first.readAt }, live, member, first.stream);
    });
  }
}

/** Whether each of its rows is folded from one stream alone. (Servers before 22.6 don't say where a stream's events stand.) */
const isFoldedByStream = ({ of, history, appendOnly }: ReadModel): boolean =>
  of !== undefined || history || appendOnly;

async function healStream(healer: Trial, live: LiveGroup, member: Member, stream: string): Promise<void> {
  const { model, build } = member;
  const entries = [...member.parking.all()].filter(parked => parked.stream === stream);
  const happenings = await upTo(healer.source, live, stream);
  if (!isFoldedByStream(model) || happenings.some(({ position }) => position < 0n)) {
    // A build would only park it again.
    const unreadable = happenings.find(each => 'unreadable' in each);
    if (!unreadable) await requestBuilds(healer.pool, [model]);
    const reason =
      unreadable?.reason ?? 'the read model is built anew, as only so the row can be folded again';
    return stayParked(healer, live, member, entries, entry => ({ ...entry, reason }));
  }
  const still = parkingOf(model, []);
  const folded = foldSteps(model, stepsOf(model, happenings), () => undefined, still);
  const healed = entries.filter(entry => !stopsStill(entry, still, member.parking));
  const rows = rowsOf(healed, folded, member.parking);
  try {
    if (healed.length > 0) await live.session.transaction(replacing(healer, live, member, healed, rows));
  } catch (error) {
    if (!isDataError(error)) throw error;
    const reason = refusalOf(error);
    return stayParked(healer, live, member, entries, entry => ({ ...entry, code: 'WRITE_FAILED', reason }));
  }
  for (const entry of healed) member.parking.remove(entry);
  for (const { workspaceId, id, touched } of rows)
    member.cache.set(keyOf(workspaceId, id), touched?.current ?? null);
  if (healed.length > 0)
    healer.logger.info({ model: model.name, stream, build: build.schema }, 'parked rows healed');
  const failed = entries.filter(entry => !healed.includes(entry));
  await stayParked(healer, live, member, failed, entry => ({ ...entry, ...whatStops(entry, still) }));
}

/** What the live group has seen of the stream. */
async function upTo(
  source: ProjectedLog,
  { point }: LiveGroup,
  stream: string,
): Promise<readonly Happening[]> {
  const events = await source.stream(stream);
  return events
    .filter(({ position }) => position <= (point?.commit ?? -1n))
    .flatMap(({ position, eventId, decoded }): readonly Happening[] => {
      if (decoded.kind === 'event') return [decoded.event];
      if (decoded.kind === 'foreign') return [];
      const { revision, type, reason } = decoded;
      return [{ unreadable: true, stream, revision, type, reason, position, eventId }];
    });
}

const rowOf = (entry: Parked, parking: Parking): Parked | undefined =>
  entry.scope === 'row' ? parking.row(entry.workspaceId, entry.key) : undefined;

/** Whether the fold was stopped before the stream's end, but by what goes on being parked for itself. */
function stopsStill(entry: Parked, still: Parking, parking: Parking): boolean {
  const whole = still.stream(entry.stream);
  if (entry.scope === 'row')
    return (
      rowOf(entry, still) !== undefined ||
      (whole !== undefined && parking.stream(entry.stream)?.position !== whole.position)
    );
  const others = [...still.all()].filter(each => !rowOf(each, parking));
  return whole !== undefined || others.length > 0;
}

const whatStops = (entry: Parked, still: Parking): Pick<Parked, 'code' | 'reason'> => {
  const { code, reason } = rowOf(entry, still) ?? still.stream(entry.stream) ?? [...still.all()][0] ?? entry;
  return { code, reason };
};

/** A row to be replaced, and what takes its place; nothing where none is there any more. */
type Replaced = RowKey & { readonly touched: Touched | undefined };

function rowsOf(healed: readonly Parked[], { changes }: Folded, parking: Parking): readonly Replaced[] {
  const rows = healed
    .filter(({ scope }) => scope === 'row')
    .map(({ workspaceId, key: id }) => ({ workspaceId, id, touched: changes.get(keyOf(workspaceId, id)) }));
  if (!healed.some(({ scope }) => scope === 'stream')) return rows;
  const others = [...changes.values()].filter(({ workspaceId, id }) => !parking.row(workspaceId, id));
  return [...rows, ...others.map(touched => ({ ...touched, touched }))];
}

function replacing(
  { token, visibleAt }: Healer,
  live: LiveGroup,
  { model, build, statements }: Member,
  healed: readonly Parked[],
  rows: readonly Replaced[],
): readonly Statement[] {
  if (!live.point) return []; // nothing has been read, so nothing is parked
  const current: Keyed[] = [];
  const passed: Keyed[] = [];
  for (const { workspaceId, id, touched } of rows) {
    if (touched?.current) current.push({ workspaceId, id, version: touched.current });
    if (model.history)
      for (const version of touched?.passed ?? []) passed.push({ workspaceId, id, version, ...version });
  }
  const changed = new Map(
    [...Map.groupBy(rows, ({ workspaceId }) => workspaceId)].map(([workspaceId, those]) => [
      workspaceId,
      new Map([[model.name, those.map(({ id }) => id)]]),
    ]),
  );
  return [
    moveTo(live, live.point, live.point, token),
    ...bulk(statements.remove, rows),
    ...(model.history ? bulk(statements.erase, rows) : []),
    ...bulk(statements.insert, current),
    ...bulk(statements.pass, passed),
    ...bulk(
      removeParked,
      healed.map(entry => ({ ...entry, schema: build.schema })),
    ),
    ...bulk(notify, payloadsOf(changed, visibleAt(live.point.commit), 'parked')),
  ];
}

/** It was tried; why in vain is told. */
async function stayParked(
  { token, begun }: Trial,
  live: LiveGroup,
  { build }: Member,
  entries: readonly Parked[],
  now: (entry: Parked) => Parked,
): Promise<void> {
  if (!live.point || entries.length === 0) return;
  const failed = entries.map(entry => ({ ...now(entry), schema: build.schema, begun }));
  await live.session.transaction([moveTo(live, live.point, live.point, token), ...bulk(tryFailed, failed)]);
}
