/**
 * Statements that Postgres takes as one transaction without being told so: in the extended protocol all that stands
 * before one Sync is carried out together or not at all. They go out in one write and are answered by one, where pg
 * would send, and Postgres answer, each by itself.
 * Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import type pg from 'pg';

/** Prepared under its name the first time. */
export type Statement = { readonly name: string; readonly text: string; readonly values: string[] };

export type RunTransaction = (statements: readonly Statement[]) => Promise<void>;

/** What pg's connection has and its types leave out. */
type Wire = {
  readonly stream: { readonly cork: () => void; readonly uncork: () => void };
  readonly close: (statement: { type: 'S'; name: string }) => void;
  readonly parse: (statement: { name: string; text: string; types: undefined }) => void;
  readonly bind: (portal: { portal: ''; statement: string; values: string[] }) => void;
  readonly execute: (portal: { portal: ''; rows: 0 }) => void;
  readonly sync: () => void;
};

/** For one connection, which must be nobody else's to prepare statements under these names. */
export function implicitTransactions(client: pg.Client): RunTransaction {
  const prepared = new Set<string>();

  const send = (wire: Wire, statements: readonly Statement[]) => {
    for (const { name, text, values } of statements) {
      if (!prepared.has(name)) {
        // A transaction that failed may have prepared it all the same; closing what isn't there does no harm.
        wire.close({ type: 'S', name });
        wire.parse({ name, text, types: undefined });
      }
      wire.bind({ portal: '', statement: name, values });
      wire.execute({ portal: '', rows: 0 });
    }
    wire.sync();
  };

  return statements =>
    new Promise((resolve, reject) => {
      // pg hands whatever comes back to the functions of these names.
      client.query({
        submit: (connection: unknown) => {
          const wire = connection as Wire; // pg's own, as listed above
          wire.stream.cork();
          try {
            send(wire, statements);
          } finally {
            wire.stream.uncork();
          }
        },
        handleDataRow: () => undefined, // what the functions return is nothing
        handleCommandComplete: () => undefined,
        handleError: reject,
        handleReadyForQuery: () => {
          for (const { name } of statements) prepared.add(name);
          resolve();
        },
      } as pg.Submittable);
    });
}
