/**
 * The known axis. Wall clocks of writers jump, so what was known at a time is resolved to a place in the log: the
 * greatest position up to which no event was recorded later than that time. `relata.log_clock` has a row wherever the
 * running maximum of `recordedAt` rises; between two rows the maximum is the earlier row's.
 */
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../../eventstore/envelope.ts';

/** A rise of the running maximum. */
export type Tick = { readonly recordedAt: Instant; readonly position: Position };

/** The ticks of a batch. Instants are all written alike, so text order is time order. */
export function ticksOf(events: readonly RecordedEvent[], maximum: Instant | undefined): readonly Tick[] {
  const ticks: Tick[] = [];
  let highest = maximum ?? '';
  for (const { recordedAt, position } of events) {
    if (recordedAt <= highest) continue;
    highest = recordedAt;
    ticks.push({ recordedAt, position });
  }
  return ticks;
}

/** The position that every read model shows at least. −1 before the first event. An SQL expression. */
export const VISIBLE_POSITION = `(SELECT coalesce(min(commit_position), -1) FROM relata.builds WHERE status = 'active')`;

/** An SQL expression for the last position known at the instant (`'$1'`): right before the first later tick. */
export const knownAtPosition = (instant: string): string =>
  `coalesce((SELECT position - 1 FROM relata.log_clock WHERE recorded_at > ${instant}::timestamptz
     ORDER BY recorded_at LIMIT 1), ${VISIBLE_POSITION})`;

/** A pool, a client or a transaction of pg. */
export type Queryable = {
  readonly query: (text: string, values?: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;
};

/** Read inside a query's own transaction it is the position of that query's snapshot. */
export const visiblePosition = (db: Queryable): Promise<Position> =>
  positionFrom(db, `SELECT ${VISIBLE_POSITION}::text AS position`);

/** Resolves `knownAt: time`; both bounds of history are inclusive, so events at the position are known. */
export const resolveKnownAt = (db: Queryable, instant: Instant): Promise<Position> =>
  positionFrom(db, `SELECT (${knownAtPosition('$1')})::text AS position`, [instant]);

async function positionFrom(db: Queryable, text: string, values: unknown[] = []): Promise<Position> {
  const { rows } = await db.query(text, values);
  return BigInt(String(rows[0]?.position));
}
