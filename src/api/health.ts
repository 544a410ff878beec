/** `/livez`: the process answers. `/readyz`: it can do its work, or which part cannot. */
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
};

export function serveHealth(app: FastifyInstance, readiness: () => Promise<Readiness>): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const state = await readiness();
    reply.code(state.ready ? 200 : 503);
    return { status: state.ready ? 'ready' : 'not ready', parts: state.parts };
  });
}
