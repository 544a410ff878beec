/**
 * One batch, one transaction: the rows that it touches are loaded and folded, every table is written by one statement
 * a kind, and the checkpoint of all members moves along, or nothing of it happens.
 */
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../../eventstore/envelope.ts';
import { CLOCK_SCHEMA } from './builds.ts';
import { arrayOf, type Keyed, versionOf } from './encode.ts';
import { erasedIn, erasures } from './erase.ts';
import { projectionError } from './failure.ts';
import { type Folded, foldSteps, type Happening, keyOf, keysToLoad, type Step, stepsOf } from './fold.ts';
import type { Group, Member } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import { type Tick, ticksOf } from './logClock.ts';
import { CHANNEL, payloadsOf } from './notify.ts';
import { countBehind, insertParked } from './parkedTable.ts';
import { type Parked, parkedRows } from './parking.ts';
import { isDataError, refusalOf } from './refused.ts';
import { BEFORE_ALL, comparePoints, type LogEvent, type LogPoint } from './source.ts';
import { type Bulk, type Ended, statementOf } from './statements.ts';

export type Owner = {
  readonly token: string;
  /** The position that readers see once the group has come to this one; undefined when they see none of it. */
  readonly visibleAt: ((commit: Position) => Position) | undefined;
  /** Told once, when it is stored. */
  readonly onParked: (member: Member, parked: readonly Parked[]) => void;
};

/** A batch as folded in memory, and not stored yet. */
export type FoldedBatch = {
  readonly changes: ReadonlyMap<Member, Folded>;
  readonly statements: readonly Statement[];
  /** Where the group is afterwards. */
  readonly point: LogPoint;
  readonly maximum: Instant | undefined;
};

/**
 * Applies it; what can't be folded or written, or even read, is parked along with it.
 * @throws when a table that is no read model's can't be written, or too much would be parked.
 */
export async function applyBatch(group: Group, batch: readonly LogEvent[], owner: Owner): Promise<void> {
  if (batch.length === 0) return;
  try {
    await store(group, await fold(group, batch, owner), owner);
    trim(group);
  } catch (error) {
    forget(group);
    if (!isDataError(error)) throw error;
    if (batch.length === 1) return applyApart(group, batch, owner);
    // Halved until the event that Postgres refuses is alone.
    const half = batch.length >> 1;
    await applyBatch(group, batch.slice(0, half), owner);
    await applyBatch(group, batch.slice(half), owner);
  }
}

/** One event, each read model by itself, so that those which Postgres refuses are known and parked. */
async function applyApart(group: Group, batch: readonly LogEvent[], owner: Owner): Promise<void> {
  try {
    const { events, changes, move, ticks, point, maximum } = await foldModels(group, batch, owner);
    const kept = new Map(changes);
    await group.session.apart({
      first: [move],
      parts: new Map([...changes].map(([member, each]) => [member, writes(member, each)])),
      last: refused => {
        for (const [member, error] of refused)
          kept.set(member, refusedBy(member, events, error, changes.get(member)?.behind));
        // What is parked is cleared as well: it stays as it was, but for the person.
        return [
          ...ticks,
          ...parks(kept),
          ...erasures(group, erasedIn(events)),
          ...notifications(kept, point, owner),
        ];
      },
    });
    for (const member of kept.keys()) member.cache.clear();
    if (group.clock) group.clock.maximum = maximum;
    stored(group, { changes: kept, point, maximum }, owner);
  } catch (error) {
    forget(group);
    throw isDataError(error) ? writeFailure(batch, error) : error;
  }
}

/** As if the member had folded nothing, with all that the event touches parked. */
function refusedBy(
  { model, parking }: Member,
  events: readonly Happening[],
  error: unknown,
  behind: Folded['behind'] = new Map(),
): Folded {
  const parked = stepsOf(model, events).flatMap(step =>
    'poison' in step ? [step.poison] : parkedRows(step.event, step.keys, 'WRITE_FAILED', refusalOf(error)),
  );
  return { changes: new Map(), parked: parked.filter(parking.add), behind };
}

/** Folds a batch over what the group remembers, which is then one batch ahead of what is stored. */
export async function fold(group: Group, batch: readonly LogEvent[], owner: Owner): Promise<FoldedBatch> {
  const { events, changes, move, ticks, point, maximum } = await foldModels(group, batch, owner);
  const statements = [
    move,
    ...[...changes].flatMap(([member, each]) => writes(member, each)),
    ...ticks,
    ...parks(changes),
    ...erasures(group, erasedIn(events)),
    ...notifications(changes, point, owner),
  ];
  for (const [member, each] of changes) remember(member, each);
  if (group.clock) group.clock.maximum = maximum;
  group.folded = point;
  return { changes, statements, point, maximum };
}

async function foldModels(group: Group, batch: readonly LogEvent[], owner: Owner) {
  checkOrder(group, batch);
  const { point } = batch.at(-1) as LogEvent; // a batch is never empty
  const happenings = batch.flatMap(happeningIn);
  const work = group.members.map(member => ({ member, steps: stepsOf(member.model, happenings) }));
  const loads = await Promise.allSettled(work.map(({ member, steps }) => loadRows(group, member, steps)));
  const changes = new Map<Member, Folded>();
  for (const [i, { member, steps }] of work.entries()) {
    const loading = loads[i];
    if (loading?.status === 'rejected') {
      // Keys that can't be keys.
      if (batch.length > 1 || !isDataError(loading.reason)) throw loading.reason;
      changes.set(member, refusedBy(member, happenings, loading.reason));
      continue;
    }
    if (steps.length === 0) continue;
    const { model, cache, parking } = member;
    changes.set(
      member,
      foldSteps(model, steps, key => cache.get(key) ?? undefined, parking),
    );
  }
  const ticks = group.clock ? ticksOf(happenings.filter(isRecorded), group.clock.maximum) : [];
  return {
    events: happenings,
    changes,
    move: moveTo(group, group.folded, point, owner.token),
    ticks: bulk(insertTicks, ticks),
    point,
    maximum: ticks.at(-1)?.recordedAt ?? group.clock?.maximum,
  };
}

const isRecorded = (event: Happening): event is RecordedEvent => !('unreadable' in event);

export async function store(group: Group, folded: FoldedBatch, owner: Owner): Promise<void> {
  await group.session.transaction(folded.statements);
  stored(group, folded, owner);
}

function stored(
  group: Group,
  { changes, point, maximum }: Pick<FoldedBatch, 'changes' | 'point' | 'maximum'>,
  { onParked }: Owner,
): void {
  group.point = point;
  if (comparePoints(group.folded, point) < 0) group.folded = point;
  if (group.clock) group.clock.stored = maximum;
  for (const [member, { parked }] of changes) {
    if (parked.length === 0) continue;
    member.parking.keep(parked);
    onParked(member, parked);
  }
}

/** Bounds what is remembered, but for a batch that is not stored yet: its rows are nowhere else. */
export function trim(group: Group, notStored?: FoldedBatch): void {
  for (const member of group.members) member.cache.trim(notStored?.changes.get(member)?.changes);
}

/** Back to what is stored. */
export function forget(group: Group): void {
  for (const { cache, parking } of group.members) {
    cache.clear();
    parking.forget();
  }
  group.folded = group.point;
  if (group.clock) group.clock.maximum = group.clock.stored;
}

/**
 * A subscription delivers each event once, in the log's order. What doesn't come so is not applied; subscribed anew from
 * the checkpoint it does.
 */
export function checkOrder({ folded }: Group, batch: readonly LogEvent[]): void {
  let before = folded;
  for (const next of batch) {
    if (comparePoints(next.point, before) <= 0)
      throw new Error(`the subscription went from position ${before?.commit} back to ${next.point.commit}`);
    before = next.point;
  }
}

export function happeningIn({ decoded, point }: LogEvent): readonly Happening[] {
  if (decoded.kind === 'event') return [decoded.event];
  if (decoded.kind === 'foreign') return [];
  const { stream, revision, type, reason } = decoded;
  return [
    { unreadable: true, stream, revision, type, reason, position: point.commit, eventId: point.eventId },
  ];
}

/** Takes the rows that the steps touch into memory, as the tables have them. */
export async function loadRows(
  { session }: Group,
  { model, statements, cache, build }: Member,
  steps: readonly Step[],
): Promise<void> {
  const missing = [...keysToLoad(model, steps)].filter(([key]) => cache.get(key) === undefined);
  if (missing.length === 0) return;
  // Where it all began in this memory, what isn't there is nowhere.
  const isWhole = build.point === undefined && !cache.hasForgotten();
  const loaded = isWhole
    ? []
    : await session.rows(
        statements.load,
        missing.map(([, key]) => key),
      );
  for (const [key] of missing) cache.set(key, null);
  for (const values of loaded) {
    const { key, version } = versionOf(statements.columns, values);
    cache.set(key, version);
  }
}

/** Compare and swap: the transaction fails unless all members are where they are thought to be, and are the owner's. */
export function moveTo(group: Group, from: LogPoint | undefined, to: LogPoint, token: string): Statement {
  const schemas = group.members.map(({ build }) => build.schema);
  if (group.clock) schemas.push(CLOCK_SCHEMA);
  const { commit, prepare } = from ?? BEFORE_ALL;
  return {
    name: 'move',
    text: 'SELECT relata.move_checkpoint($1, $2, $3, $4, $5, $6, $7)',
    values: [
      arrayOf(schemas, name => name),
      token,
      String(commit),
      String(prepare),
      String(to.commit),
      String(to.prepare),
      to.eventId,
    ],
  };
}

/** Stored versions go to the history before they are replaced. */
function writes({ model, statements }: Member, { changes }: Folded): readonly Statement[] {
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

export const bulk = <T>(statement: Bulk<T>, items: readonly T[]): readonly Statement[] =>
  items.length === 0 ? [] : [statementOf(statement, items)];

const insertTicks: Bulk<Tick> = {
  name: 'ticks',
  text: `INSERT INTO relata.log_clock (recorded_at, position) SELECT * FROM unnest($1::timestamptz[], $2::bigint[])`,
  values: ticks => [arrayOf(ticks, tick => tick.recordedAt), arrayOf(ticks, tick => tick.position)],
};

export function parks(folded: ReadonlyMap<Member, Folded>): readonly Statement[] {
  const of = <T>(list: (each: Folded) => readonly T[]) =>
    [...folded].flatMap(([{ build }, each]) => list(each).map(item => ({ ...item, schema: build.schema })));
  return [
    ...bulk(
      insertParked,
      of(({ parked }) => parked),
    ),
    ...bulk(
      countBehind,
      of(({ behind }) => [...behind].map(([parked, events]) => ({ ...parked, events }))),
    ),
  ];
}

/** Sent by Postgres at the commit, and not at all if there is none. */
function notifications(
  folded: ReadonlyMap<Member, Folded>,
  to: LogPoint,
  { visibleAt }: Owner,
): readonly Statement[] {
  if (!visibleAt) return [];
  const changed = new Map<string, Map<string, string[]>>();
  const add = (model: string, workspaceId: string, id: string) => {
    const models = changed.get(workspaceId) ?? new Map<string, string[]>();
    changed.set(workspaceId, models);
    const ids = models.get(model);
    if (ids) ids.push(id);
    else models.set(model, [id]);
  };
  let anyParked = false;
  for (const [{ shown, model }, { changes, parked }] of folded) {
    if (!shown) continue;
    for (const { workspaceId, id } of changes.values()) add(model.name, workspaceId, id);
    // Those who follow a row are told that it won't go on.
    for (const { scope, workspaceId, key } of parked)
      if (scope === 'row' && !changes.has(keyOf(workspaceId, key))) add(model.name, workspaceId, key);
    anyParked ||= parked.length > 0;
  }
  return bulk(notify, payloadsOf(changed, visibleAt(to.commit), anyParked ? 'parked' : 'nothing parked'));
}

export const notify: Bulk<string> = {
  name: 'notify',
  text: `SELECT pg_notify('${CHANNEL}', payload) FROM unnest($1::text[]) AS payload`,
  values: payloads => [arrayOf(payloads, payload => payload)],
};

function remember({ model, cache }: Member, { changes }: Folded): void {
  if (model.appendOnly) return;
  for (const [key, { current }] of changes) cache.set(key, current ?? null);
}

/** What is no read model's, and yet is refused: nothing can be parked for it. */
function writeFailure(batch: readonly LogEvent[], cause: unknown): Error {
  const position = batch[0]?.point.commit ?? -1n;
  return projectionError(
    {
      code: 'WRITE_FAILED',
      message: `Postgres refuses what belongs to the event at position ${position}: ${refusalOf(cause)}.`,
      position,
    },
    cause,
  );
}
