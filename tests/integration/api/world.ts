/** Everything that answers GraphQL, put together as the app does it, on stores of its own and a clock that tests move. */
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';
import type { FastifyInstance } from 'fastify';
import { expect } from 'vitest';
import { buildServer, type ServerOptions } from '../../../src/api/server.ts';
import { SEEDED_OWNER } from '../../../src/app/owner.ts';
import { byWorkspace } from '../../../src/app/visibility.ts';
import { undoServiceOf } from '../../../src/commands/undo/series.ts';
import type { CommandRequest } from '../../../src/commands/wish.ts';
import { connectEventStore, disconnect } from '../../../src/eventstore/client.ts';
import type { Position, RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { eventLog } from '../../../src/eventstore/log.ts';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import { eventStoreSource } from '../../../src/projections/engine/eventStoreSource.ts';
import { type Projector, startProjector } from '../../../src/projections/engine/projector.ts';
import { openVisibility } from '../../../src/projections/engine/visibility.ts';
import { openReadPool } from '../../../src/projections/query/readPool.ts';
import { carriedOut, catalog, codec, type Success, writeSide } from '../../support/writeSide.ts';
import { startTestPostgres } from '../projections/database.ts';
import { silent } from '../projections/running.ts';

const MINUTE = 60_000;

export type Answer = {
  // biome-ignore lint/suspicious/noExplicitAny: what a query answers is the test's to know
  readonly data: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
};

type Varied = Partial<ServerOptions>;

export async function openWorld(options: Varied = {}) {
  const [store, postgres, models] = await Promise.all([
    startEmbeddedEventStore({ inMemory: true }),
    startTestPostgres(),
    loadReadModels(),
  ]);
  await postgres.reset();
  const clock = { at: Date.parse('2017-01-01T00:00:00.000Z') };
  const client = connectEventStore(store.connectionString);
  const writer = writeSide(client, { workspaceId: 'default', now: () => new Date(clock.at) });
  const project = () =>
    startProjector({
      pool: postgres.pool,
      source: eventStoreSource(client, codec.decode),
      models,
      logger: silent,
      instance: 'test',
    });
  let projector: Projector | undefined = await project();
  const pool = openReadPool({ url: postgres.url });
  const visibility = await openVisibility({ pool, logger: silent });
  const statements: string[] = [];
  const apps: FastifyInstance[] = [];
  const serve = async (more: Varied = {}) => {
    const app = await buildServer({
      dispatch: writer.dispatch,
      undo: undoServiceOf({ ...writer, catalog }),
      pool,
      visibility: byWorkspace(visibility),
      log: eventLog(client),
      decode: codec.decode,
      readiness: async () => ({ ready: true, parts: {} }),
      actor: SEEDED_OWNER,
      onStatement: text => statements.push(text),
      ...options,
      ...more,
    });
    apps.push(app);
    return app;
  };
  const app = await serve();
  let last: Position = -1n;

  const ask = async (query: string, variables: object = {}): Promise<Answer> =>
    (await app.inject({ method: 'POST', url: '/graphql', payload: { query, variables } })).json();

  return {
    app,
    /** Another server on the same stores. */
    serve,
    models,
    /** To send commands with another clock, and many at once. */
    writer,
    pool,
    postgres,
    store,
    visibility,
    /** Every SQL statement of a query so far. */
    statements,
    /** Sets the write side's clock. */
    setClock: (instant: string) => {
      clock.at = Date.parse(instant);
    },
    /** Sends a command, a minute after the one before. */
    send: async (name: string, input: object, more: Partial<CommandRequest> = {}): Promise<Success> => {
      clock.at += MINUTE;
      const done = await carriedOut(writer.send(name, input, more));
      if (done.position > last) last = done.position;
      return done;
    },
    /** The same for one that may be refused by a rule; then nothing has happened. */
    trySend: async (name: string, input: object, more: Partial<CommandRequest> = {}) => {
      const result = await writer.send(name, input, more);
      if (!result.ok) {
        expect(result.error.code).not.toBe('VALIDATION');
        return undefined;
      }
      if (result.position > last) last = result.position;
      return result;
    },
    /** Resolves once the read models show all that was sent. */
    shown: async () => expect(await visibility.waitFor(last, 20_000)).toBe('visible'),
    ask,
    /** What a query without errors answers. */
    data: async (query: string, variables: object = {}): Promise<Answer['data']> => {
      const { data, errors } = await ask(query, variables);
      expect(errors, query).toBeUndefined();
      return data;
    },
    /** All events in log order. */
    log: async (): Promise<readonly RecordedEvent[]> => {
      const events: RecordedEvent[] = [];
      for await (const { event } of client.readAll()) {
        const [decoded] = event ? await codec.decode([event]) : [];
        if (decoded?.kind === 'event') events.push(decoded.event);
      }
      return events;
    },
    /** The read models stay as they are, until it is started again. */
    stopProjector: async () => {
      await projector?.close();
      projector = undefined;
    },
    startProjector: async () => {
      projector ??= await project();
    },
    close: async () => {
      await Promise.all(apps.map(each => each.close()));
      await visibility.close();
      await projector?.close();
      await pool.end();
      await disconnect(client);
      await Promise.all([store.close(), postgres.close()]);
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;
