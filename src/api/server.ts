/** The HTTP server: GraphQL over HTTP and WebSockets, health, and in development a page to try queries on. */
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type pg from 'pg';
import type { Dispatch } from '../commands/dispatch.ts';
import type { UndoService } from '../commands/undo/series.ts';
import type { Actor } from '../eventstore/envelope.ts';
import type { EventLog } from '../eventstore/log.ts';
import { backOff } from '../projections/engine/backOff.ts';
import { drainOnClose } from './drain.ts';
import type { Decode } from './events/delivery.ts';
import { createEventFeed } from './events/feed.ts';
import { serveCatalogue } from './events/serveCatalogue.ts';
import { serveFeed } from './events/serveFeed.ts';
import { formatErrors, RETRY_AFTER_S } from './formatErrors.ts';
import { type Readiness, serveHealth } from './health.ts';
import { endRefusedUpgrades, guardHosts } from './httpGuards.ts';
import { serveLanding } from './landing.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Metrics, serveMetrics } from './metrics.ts';
import type { Services, Visibility } from './schema/context.ts';
import { buildSchema, loadSchemaParts, type SchemaParts } from './schema/schema.ts';
import { serveGraphQL } from './serveGraphQL.ts';

export type ServerOptions = {
  readonly dispatch: Dispatch;
  readonly undo: UndoService;
  /** Of `openReadPool`. Stays the caller's to end. */
  readonly pool: pg.Pool;
  readonly visibility: Visibility;
  /** What the event feed reads. */
  readonly log: EventLog;
  readonly decode: Decode;
  readonly readiness: () => Promise<Readiness>;
  /** Who all requests come from, until people sign in. */
  readonly actor: Actor;
  readonly workspaceId?: string;
  readonly logger?: FastifyBaseLogger;
  /** Serves `/altair`. */
  readonly development?: boolean;
  readonly limits?: Partial<Limits>;
  /** Serves `/metrics`. */
  readonly metrics?: Metrics;
  /** Host names that requests may use; by default those of this machine alone. */
  readonly allowedHosts?: readonly string[];
  /** The declarations, for tests with others than the domain's. */
  readonly parts?: Omit<SchemaParts, 'limits'>;
  /** Hears of each SQL statement. */
  readonly onStatement?: (text: string) => void;
};

/** As long as a query may wait for a position. */
const DRAIN_MS = 5_000;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Ready to listen; `close` ends its connections. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const limits = { ...defaultLimits, ...options.limits };
  const parts: SchemaParts = options.parts ? { ...options.parts, limits } : await loadSchemaParts(limits);
  const feed = createEventFeed({
    log: options.log,
    catalog: parts.catalog,
    decode: options.decode,
    wait: backOff,
    onTrouble: err => options.logger?.warn({ err }, 'the event feed does not hear the log'),
  });
  const observer = options.metrics?.api;
  const services: Services = {
    dispatch: options.dispatch,
    undo: options.undo,
    pool: options.pool,
    feed,
    visibility: options.visibility,
    models: parts.models,
    visibilityTimeoutMs: limits.visibilityMs,
    ...(observer && { observer }),
    ...(options.onStatement && { onStatement: options.onStatement }),
  };
  const app: FastifyInstance = fastify({
    ...(options.logger && { loggerInstance: options.logger }),
    // A line a request costs more than many requests do; what goes wrong is logged where it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    return503OnClosing: false,
    forceCloseConnections: true, // what `drainOnClose` has left
  });
  app.setErrorHandler((error, request, reply) => {
    const { errors, status } = formatErrors([error], request.id, cause =>
      request.log.error({ err: cause }, 'request failed'),
    );
    const code = Math.max(400, statusOf(error) ?? status);
    if (code === 503) reply.header('retry-after', RETRY_AFTER_S);
    return reply.code(code).send({ data: null, errors });
  });
  // Before what waits for answers: streams have no end of their own.
  const closing = new AbortController();
  app.addHook('preClose', async () => {
    closing.abort();
    feed.close();
  });
  drainOnClose(app, DRAIN_MS);
  endRefusedUpgrades(app);
  guardHosts(app, options.allowedHosts ?? LOOPBACK);
  serveHealth(app, options.readiness);
  if (options.metrics) serveMetrics(app, options.metrics.page);
  const caller = { workspaceId: options.workspaceId ?? 'default', actor: options.actor };
  serveFeed(app, {
    feed,
    workspaceId: caller.workspaceId,
    limits,
    closing: closing.signal,
    ...(observer && { onStream: () => observer.opened('events') }),
  });
  serveCatalogue(app, parts.catalog);
  await serveGraphQL(app, { schema: buildSchema(parts), services, caller, limits });
  if (options.development) await serveAltair(app);
  serveLanding(app, [
    ...(options.development
      ? [{ href: '/altair', text: 'Altair', about: 'A page to try queries and commands on.' }]
      : []),
    {
      href: '/readyz',
      text: 'Health',
      about: 'Whether the event store, Postgres and the projector are ready.',
    },
    {
      href: '/schema.graphql',
      text: 'Schema',
      about: 'Everything that GraphQL at <code>/graphql</code> answers.',
    },
    {
      href: '/events/schemas',
      text: 'Events',
      about: 'What can happen; what has happened is read by programs at <code>/events</code>.',
    },
  ]);
  await app.ready();
  return app;
}

/** Its assets come from its package, none from elsewhere. */
async function serveAltair(app: FastifyInstance): Promise<void> {
  // Not imported above: it brings a zod of its own, which must not be the first to make zod's global registry.
  const { AltairFastify } = await import('altair-fastify-plugin');
  await app.register(AltairFastify, { path: '/altair', baseURL: '/altair/', endpointURL: '/graphql' });
}

const statusOf = (error: unknown): number | undefined => {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
};
