/**
 * What of the log readers can see, for processes that answer queries: woken by NOTIFY on one connection of its own,
 * never by polling. Between the loss of that connection and the next one nothing is heard, so the position is read again
 * then, and listeners are told that there is a gap.
 */
import pg from 'pg';
import type { Logger } from 'pino';
import type { Position } from '../../eventstore/envelope.ts';
import { backOff } from './backOff.ts';
import { visiblePosition } from './logClock.ts';
import { CHANNEL, type ChangedRows, type Payload, payloadIn } from './notify.ts';
import { nothingParked, type ParkedIndex, readParkedIndex } from './parkedIndex.ts';

export type Change = {
  readonly position: Position;
  /** Ids of the rows that changed, by workspace and model. */
  readonly changed: ChangedRows;
  /** Other rows may have changed as well: notifications were missed. */
  readonly gap: boolean;
};

export type Visibility = {
  /** Up to where every read model is visible; −1 before the first event. */
  readonly position: () => Position;
  /** Resolves once the read models have passed the position, or after the time. */
  readonly waitFor: (position: Position, timeoutMs: number) => Promise<'visible' | 'timeout'>;
  /** What is parked, as of that position at least. */
  readonly parked: () => ParkedIndex;
  /** Hears of each committed batch, in order. @returns how to stop hearing. */
  readonly onChange: (listener: (change: Change) => void) => () => void;
  /** Those who still wait are told `timeout`. */
  readonly close: () => Promise<void>;
};

export type VisibilityOptions = {
  /** Its own connection is made as the pool's are. */
  readonly pool: pg.Pool;
  readonly logger: Pick<Logger, 'warn'>;
};

type Waiter = { readonly position: Position; readonly resolve: (outcome: 'visible' | 'timeout') => void };

type Connection = { readonly client: pg.Client; readonly ended: Promise<void> };
/** What was heard of a batch whose last notification is still to come. */
type Pending = Map<string, Map<string, readonly string[]>>;

/** Resolves once it listens. The database must be migrated. */
export async function openVisibility({ pool, logger }: VisibilityOptions): Promise<Visibility> {
  const stopping = new AbortController();
  const waiters = new Set<Waiter>();
  const listeners = new Set<(change: Change) => void>();
  let position: Position = -1n;
  let pending: Pending = new Map();
  let parked = nothingParked;
  /** Notifications that wait until what is parked has been read: nobody is told of a position before. */
  let reading: Promise<void> | undefined;

  const reach = (next: Position) => {
    position = next;
    for (const waiter of waiters) if (waiter.position <= next) waiter.resolve('visible');
  };
  const tell = (changed: ChangedRows, gap: boolean) => {
    for (const listener of listeners) listener({ position, changed, gap });
  };
  const take = (payload: Payload) => {
    collect(pending, payload);
    if (payload.position === undefined) return;
    const changed = pending;
    pending = new Map();
    const next = BigInt(payload.position);
    if (next > position) reach(next);
    tell(changed, false);
  };
  const hear = (text: string, client: pg.Client) => {
    const payload = payloadIn(text);
    if (!payload) return;
    if (!payload.parked && !reading) return take(payload);
    const turn = (reading ?? Promise.resolve()).then(async () => {
      if (payload.parked) parked = await readParkedIndex(client);
      take(payload);
      if (reading === turn) reading = undefined;
    });
    reading = turn;
    turn.catch(() => client.end()); // the next connection reads it
  };
  const connect = async (): Promise<Connection> => {
    const { options } = pool;
    const client = new pg.Client({ ...options, password: options.password } as pg.ClientConfig);
    const ended = new Promise<void>(resolve => {
      client.once('end', resolve);
    });
    client.on('error', () => undefined); // it ends as well
    client.on('notification', ({ payload }) => payload && hear(payload, client));
    try {
      await client.connect();
      pending = new Map();
      reading = undefined;
      await client.query(`LISTEN ${CHANNEL}`);
      parked = await readParkedIndex(client);
      // What is committed from here on is heard; what was before is in this. It may be less than was seen before a crash.
      reach(await visiblePosition(client));
      return { client, ended };
    } catch (error) {
      await client.end();
      throw error;
    }
  };
  const reconnect = async (): Promise<Connection | undefined> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      await backOff(attempt, stopping.signal);
      try {
        return await connect();
      } catch (error) {
        logger.warn({ err: error, attempt }, 'visibility has no connection');
      }
    }
    return undefined;
  };
  const stay = async (first: Connection) => {
    let connection: Connection | undefined = first;
    while (connection) {
      await Promise.race([connection.ended, aborted(stopping.signal)]);
      if (stopping.signal.aborted) return connection.client.end();
      connection = await reconnect();
      if (connection) tell(new Map(), true);
    }
  };
  const listening = stay(await connect());

  return {
    position: () => position,
    parked: () => parked,
    waitFor: (wanted, timeoutMs) => {
      if (wanted <= position) return Promise.resolve('visible');
      return new Promise(settle => {
        const waiter: Waiter = {
          position: wanted,
          resolve: outcome => {
            clearTimeout(timer);
            waiters.delete(waiter);
            settle(outcome);
          },
        };
        const timer = setTimeout(() => waiter.resolve('timeout'), timeoutMs);
        waiters.add(waiter);
      });
    },
    onChange: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      stopping.abort();
      for (const waiter of waiters) waiter.resolve('timeout');
      await listening;
    },
  };
}

function collect(pending: Pending, { changed = {} }: Payload): void {
  for (const [workspaceId, models] of Object.entries(changed)) {
    const known = pending.get(workspaceId) ?? new Map<string, readonly string[]>();
    pending.set(workspaceId, known);
    for (const [model, ids] of Object.entries(models))
      known.set(model, [...(known.get(model) ?? []), ...ids]);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
