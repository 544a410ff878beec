/** How the API is used, for whoever counts it, and the page where counts are read. */
import type { FastifyInstance } from 'fastify';

export type OperationKind = 'query' | 'mutation' | 'subscription' | 'refused';

export type ApiObserver = {
  /** A GraphQL request over HTTP has been answered, or left. */
  readonly answered: (kind: OperationKind, seconds: number) => void;
  /** Something is open that waits for changes. @returns how to say that it no longer is. */
  readonly opened: (kind: 'graphql' | 'events') => () => void;
};

export type Metrics = {
  readonly api: ApiObserver;
  /** In the text format of Prometheus. */
  readonly page: () => Promise<{ readonly type: string; readonly text: string }>;
};

export function serveMetrics(app: FastifyInstance, page: Metrics['page']): void {
  app.get('/metrics', async (_, reply) => {
    const { type, text } = await page();
    return reply.header('cache-control', 'no-store').type(type).send(text);
  });
}
