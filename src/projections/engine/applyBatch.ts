/**
 * One batch, one transaction: the rows that it touches are loaded and folded, every table is written by one statement
 * a kind, and the checkpoint of all members moves along, or nothing of it happens.
 */
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../../eventstore/envelope.ts';
import { CLOCK_SCHEMA } from './builds.ts';
import { arrayOf, type Keyed, versionOf } from './encode.ts';
import { erasures } from './erase.ts';
import { failureOf, projectionError } from './failure.ts';
import { type Changes, foldSteps, keysToLoad, type Step, stepsOf } from './fold.ts';
import type { Group, Member } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import { type Tick, ticksOf } from './logClock.ts';
import { CHANNEL, payloadsOf } from './notify.ts';
import { BEFORE_ALL, comparePoints, type LogEvent, type LogPoint } from './source.ts';
import { type Bulk, type Ended, statementOf } from './statements.ts';

export type Owner = {
  readonly token: string;
  /** The position that readers see once the group has come to this one; undefined when they see none of it. */
  readonly visibleAt: ((commit: Position) => Position) | undefined;
};

/** A batch as folded in memory, and not stored yet. */
export type FoldedBatch = {
  readonly changes: ReadonlyMap<Member, Changes>;
  readonly statements: readonly Statement[];
  /** Where the group is afterwards. */
  readonly point: LogPoint;
  readonly maximum: Instant | undefined;
};

/** @throws a failure that names the event when it can't be decoded, folded or written; those before it are applied. */
export async function applyBatch(group: Group, batch: readonly LogEvent[], owner: Owner): Promise<void> {
  if (batch.length === 0) return;
  try {
    await store(group, await fold(group, batch, owner));
    trim(group);
  } catch (error) {
    forget(group);
    if (!isAboutEvents(error)) throw error;
    if (batch.length === 1) throw isDataError(error) ? writeFailure(group, batch, error) : error;
    // Halved until it is alone, so that the failure names it and all events before it are applied.
    const half = batch.length >> 1;
    await applyBatch(group, batch.slice(0, half), owner);
    await applyBatch(group, batch.slice(half), owner);
  }
}

/** Folds a batch over what the group remembers, which is then one batch ahead of what is stored. */
export async function fold(group: Group, batch: readonly LogEvent[], owner: Owner): Promise<FoldedBatch> {
  checkOrder(group, batch);
  const { point } = batch.at(-1) as LogEvent; // a batch is never empty
  const events = eventsOf(batch);
  const work = group.members.map(member => ({ member, steps: stepsOf(member.model, events) }));
  await Promise.all(work.map(({ member, steps }) => load(group, member, steps)));
  const changes = new Map<Member, Changes>();
  for (const { member, steps } of work) {
    if (steps.length === 0) continue;
    const folded = foldSteps(member.model, steps, key => member.cache.get(key) ?? undefined);
    changes.set(member, folded);
  }
  const ticks = group.clock ? ticksOf(events, group.clock.maximum) : [];
  const statements = [
    move(group, point, owner),
    ...[...changes].flatMap(([member, each]) => writes(member, each)),
    ...erasures(group, events),
    ...bulk(insertTicks, ticks),
    ...notifications(changes, point, owner),
  ];
  for (const [member, each] of changes) remember(member, each);
  const maximum = ticks.at(-1)?.recordedAt ?? group.clock?.maximum;
  if (group.clock) group.clock.maximum = maximum;
  group.folded = point;
  return { changes, statements, point, maximum };
}

export async function store(group: Group, { statements, point, maximum }: FoldedBatch): Promise<void> {
  await group.session.transaction(statements);
  group.point = point;
  if (group.clock) group.clock.stored = maximum;
}

/** Bounds what is remembered, but for a batch that is not stored yet: its rows are nowhere else. */
export function trim(group: Group, notStored?: FoldedBatch): void {
  for (const member of group.members) member.cache.trim(notStored?.changes.get(member));
}

/** Back to what is stored. */
export function forget(group: Group): void {
  for (const { cache } of group.members) cache.clear();
  group.folded = group.point;
  if (group.clock) group.clock.maximum = group.clock.stored;
}

/** Whether an event is the reason, so that those beside it may still be applied. */
export const isAboutEvents = (error: unknown): boolean =>
  failureOf(error) !== undefined || isDataError(error);

/**
 * A subscription delivers each event once, in the log's order. What doesn't come so is not applied; subscribed anew from
 * the checkpoint it does.
 */
function checkOrder({ folded }: Group, batch: readonly LogEvent[]): void {
  let before = folded;
  for (const next of batch) {
    if (comparePoints(next.point, before) <= 0)
      throw new Error(`the subscription went from position ${before?.commit} back to ${next.point.commit}`);
    before = next.point;
  }
}

function eventsOf(batch: readonly LogEvent[]): readonly RecordedEvent[] {
  const events: RecordedEvent[] = [];
  for (const { decoded, point } of batch) {
    if (decoded.kind === 'event') events.push(decoded.event);
    if (decoded.kind !== 'undecodable') continue;
    const { type, revision, stream, reason } = decoded;
    const message = `${type} at revision ${revision} of ${stream} can't be read: ${reason}.`;
    throw projectionError({ code: 'UNDECODABLE', message, stream, revision, type, position: point.commit });
  }
  return events;
}

async function load(
  { session }: Group,
  { model, statements, cache }: Member,
  steps: readonly Step[],
): Promise<void> {
  const missing = [...keysToLoad(model, steps)].filter(([key]) => cache.get(key) === undefined);
  if (missing.length === 0) return;
  const loaded = await session.rows(
    statements.load,
    missing.map(([, key]) => key),
  );
  for (const [key] of missing) cache.set(key, null);
  for (const values of loaded) {
    const { key, version } = versionOf(statements.columns, values);
    cache.set(key, version);
  }
}

function move(group: Group, to: LogPoint, owner: Owner): Statement {
  const schemas = group.members.map(({ build }) => build.schema);
  if (group.clock) schemas.push(CLOCK_SCHEMA);
  const from = group.folded ?? BEFORE_ALL;
  return {
    name: 'move',
    text: 'SELECT relata.move_checkpoint($1, $2, $3, $4, $5, $6, $7)',
    values: [
      arrayOf(schemas, name => name),
      owner.token,
      String(from.commit),
      String(from.prepare),
      String(to.commit),
      String(to.prepare),
      to.eventId,
    ],
  };
}

/** Stored versions go to the history before they are replaced. */
function writes({ model, statements }: Member, changes: Changes): readonly Statement[] {
  const superseded: Ended[] = [];
  const passed: Keyed[] = [];
  const added: Keyed[] = [];
  const replaced: Keyed[] = [];
  const removed: Keyed[] = [];
  for (const { workspaceId, id, stored, storedEnd, current, passed: between } of changes.values()) {
    if (model.history) {
      if (storedEnd) superseded.push({ workspaceId, id, ...storedEnd });
      for (const version of between) passed.push({ workspaceId, id, version, ...version });
    }
    if (current === stored) continue;
    if (current) (stored ? replaced : added).push({ workspaceId, id, version: current });
    else if (stored) removed.push({ workspaceId, id, version: stored });
  }
  return [
    ...bulk(statements.supersede, superseded),
    ...bulk(statements.pass, passed),
    ...bulk(statements.insert, added),
    ...bulk(statements.replace, replaced),
    ...bulk(statements.remove, removed),
  ];
}

const bulk = <T>(statement: Bulk<T>, items: readonly T[]): readonly Statement[] =>
  items.length === 0 ? [] : [statementOf(statement, items)];

const insertTicks: Bulk<Tick> = {
  name: 'ticks',
  text: `INSERT INTO relata.log_clock (recorded_at, position) SELECT * FROM unnest($1::timestamptz[], $2::bigint[])`,
  values: ticks => [arrayOf(ticks, tick => tick.recordedAt), arrayOf(ticks, tick => tick.position)],
};

/** Sent by Postgres at the commit, and not at all if there is none. */
function notifications(
  changes: ReadonlyMap<Member, Changes>,
  to: LogPoint,
  { visibleAt }: Owner,
): readonly Statement[] {
  if (!visibleAt) return [];
  const changed = new Map<string, Map<string, string[]>>();
  for (const [member, touched] of changes) {
    if (!member.shown) continue;
    for (const { workspaceId, id } of touched.values()) {
      const models = changed.get(workspaceId) ?? new Map<string, string[]>();
      changed.set(workspaceId, models);
      const ids = models.get(member.model.name);
      if (ids) ids.push(id);
      else models.set(member.model.name, [id]);
    }
  }
  const payloads = payloadsOf(changed, visibleAt(to.commit));
  return bulk(notify, payloads);
}

const notify: Bulk<string> = {
  name: 'notify',
  text: `SELECT pg_notify('${CHANNEL}', payload) FROM unnest($1::text[]) AS payload`,
  values: payloads => [arrayOf(payloads, payload => payload)],
};

function remember({ model, cache }: Member, changes: Changes): void {
  if (model.appendOnly) return;
  for (const [key, { current }] of changes) cache.set(key, current ?? null);
}

/** Postgres refuses the data themselves: a number too large, a missing value, text that it can't hold, a row too long. */
const isDataError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));

function writeFailure(group: Group, [first]: readonly LogEvent[], cause: unknown): Error {
  if (first?.decoded.kind !== 'event')
    return new Error('a batch without an event can’t be written', { cause });
  const { event } = first.decoded;
  const { stream, revision, type, position } = event;
  const models = group.members.filter(({ model }) => model.handler(event)).map(({ model }) => model.name);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return projectionError(
    {
      code: 'WRITE_FAILED',
      message: `Postgres refuses what ${type} at revision ${revision} of ${stream} makes of ${models.join(' or ')}: ${reason}.`,
      model: models.join(','),
      stream,
      revision,
      type,
      position,
    },
    cause,
  );
}
