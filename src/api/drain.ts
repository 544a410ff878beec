/**
 * A stop lets what is on its way be answered: no new connections, each answer ends its connection, and only what is not
 * answered in time is cut off. Nobody is told 503 for having asked a moment too late on a connection that is open.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { withTimeout } from '../commands/waiting.ts';

/** @param withinMs how long answers may take once the server closes. */
export function drainOnClose(app: FastifyInstance, withinMs: number): void {
  const open = new Set<ServerResponse>();
  let isEmpty = (): void => undefined;
  app.server.on('request', (_, response: ServerResponse) => {
    open.add(response);
    response.once('close', () => {
      open.delete(response);
      if (open.size === 0) isEmpty();
    });
  });
  app.addHook('preClose', async () => {
    app.server.close(); // fastify closes it again afterwards, which does no harm
    for (const response of open) if (!response.headersSent) response.setHeader('connection', 'close');
    if (open.size === 0) return;
    const drained = new Promise<void>(resolve => {
      isEmpty = resolve;
    });
    await withTimeout(drained, withinMs).catch(() => undefined); // the rest is cut off
  });
}
