/**
 * `/livez`: the process answers. `/readyz`: it can do its work, or which part cannot. What is degraded is ready as well:
 * taking it out of service would help nobody.
 */
import type { FastifyInstance } from 'fastify';

export type Readiness = {
  readonly ready: boolean;
  /** By name: the event store, Postgres, the projector. */
  readonly parts: Readonly<Record<string, Part>>;
};

type Part = {
  readonly ok: boolean;
  readonly message?: string;
  /** It does not come right by waiting. */
  readonly lasting?: boolean;
  /** It does its work, but for what the message says. */
  readonly degraded?: boolean;
};

export function serveHealth(app: FastifyInstance, readiness: () => Promise<Readiness>): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const state = await readiness();
    reply.code(state.ready ? 200 : 503);
    return { status: statusOf(state), parts: state.parts };
  });
}

function statusOf({ ready, parts }: Readiness): 'ready' | 'degraded' | 'not ready' {
  if (!ready) return 'not ready';
  return Object.values(parts).some(({ degraded }) => degraded) ? 'degraded' : 'ready';
}
