/**
 * The reads of one GraphQL operation: all see one snapshot. A repeatable-read, read-only transaction is opened by the
 * first read, on one connection, and given back by `end`. An operation that reads once needs none: a statement alone
 * is its own snapshot.
 */
import type { RawBuilder } from 'kysely';
import type pg from 'pg';
import type { Position } from '../../eventstore/envelope.ts';
import { nothingParked, type ParkedIndex } from '../engine/parkedIndex.ts';
import { type OnParkedRead, type ParkedReads, parkedReads } from './parked.ts';
import { operationEnded } from './refusal.ts';
import { sqlTypes } from './sqlTypes.ts';
import { statementOf } from './statement.ts';

/** Column values in the order of the select list. */
export type Values = readonly unknown[];

export type ReadSession = {
  readonly workspaceId: string;
  /** Whatever is read is said to it. */
  readonly parked: ParkedReads;
  /** The snapshot is taken only once the read models have passed this position. To be said before the first read. */
  readonly after: (position: Position) => void;
  readonly read: (fragment: RawBuilder<unknown>) => Promise<readonly Values[]>;
  /** As `read`, and the operation reads nothing else. */
  readonly readOnly: (fragment: RawBuilder<unknown>) => Promise<readonly Values[]>;
  /** Gives the connection back. Later reads are refused; to be called always, and harmless when repeated. */
  readonly end: () => void;
};

export type SessionSource = {
  readonly pool: pg.Pool;
  /** Resolves once a snapshot shows the position. @throws when it doesn't in time. */
  readonly waitFor: (position: Position) => Promise<void>;
  /** What is parked now, and who hears of it when it is read. */
  readonly parked?: { readonly index: () => ParkedIndex; readonly onRead: OnParkedRead };
  /** Hears of each statement that is sent, for tests and metrics. */
  readonly onStatement?: (text: string) => void;
};

const BEGIN = 'begin isolation level repeatable read read only';

export function openSession(source: SessionSource, workspaceId: string): ReadSession {
  const { pool, waitFor, onStatement } = source;
  const { index, onRead } = source.parked ?? { index: () => nothingParked, onRead: () => undefined };
  const parked = parkedReads(index, workspaceId, onRead);
  let after: Position | undefined;
  let ended = false;
  let opened: Promise<pg.PoolClient> | undefined;

  const send = async (client: pg.PoolClient, fragment: RawBuilder<unknown>): Promise<readonly Values[]> => {
    const { text, values, name } = statementOf(fragment);
    onStatement?.(text);
    parked.look();
    const query = { text, values: [...values], rowMode: 'array' as const, types: sqlTypes };
    const result = await client.query<unknown[]>(name === undefined ? query : { ...query, name });
    parked.look();
    return result.rows;
  };

  const connect = async (): Promise<pg.PoolClient> => {
    // All root fields have been called once this goes on, so `after` is the last word of them all.
    await undefined;
    if (after !== undefined) await waitFor(after);
    if (ended) throw operationEnded();
    const client = await pool.connect();
    if (!ended) return client;
    client.release();
    throw operationEnded();
  };

  const begin = async (): Promise<pg.PoolClient> => {
    const client = await connect();
    // Not waited for: what goes wrong here goes wrong in the first read as well, which says so.
    client.query(BEGIN).catch(() => undefined);
    return client;
  };

  return {
    workspaceId,
    parked,
    after: position => {
      if (after === undefined || position > after) after = position;
    },
    read: async fragment => {
      if (ended) throw operationEnded();
      opened ??= begin();
      return send(await opened, fragment);
    },
    readOnly: async fragment => {
      if (opened) return send(await opened, fragment); // something was read after all
      const client = await connect();
      try {
        const rows = await send(client, fragment);
        client.release();
        return rows;
      } catch (error) {
        client.release(isBroken(error));
        throw error;
      }
    },
    end: () => {
      if (ended) return;
      ended = true;
      opened?.then(giveBack, () => undefined);
    },
  };
}

function giveBack(client: pg.PoolClient): void {
  client.query('commit').then(
    () => client.release(),
    error => client.release(error),
  );
}

/** Whether the connection, and not only its statement, failed. Postgres's own errors leave it usable. */
const isBroken = (error: unknown): boolean =>
  !(error instanceof Error && 'severity' in error && 'code' in error);
