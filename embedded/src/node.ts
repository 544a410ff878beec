/** One node: the engine behind its network door. It runs on whatever thread it is started on. */

import { type EngineOptions, openEngine } from './engine.ts';
import { createRouter, explain } from './services.ts';
import { listen } from './transport.ts';

export type NodeOptions = EngineOptions & { readonly host: string; readonly port: number };
export type EventStoreNode = { readonly port: number; close(): Promise<void> };

/** Throws a StoreError when the data folder or the port can't be had. */
export async function startNode(options: NodeOptions): Promise<EventStoreNode> {
  const engine = openEngine(options);
  try {
    const server = await listen(options.host, options.port, createRouter(engine), explain);
    return {
      port: server.port,
      async close() {
        await server.close();
        engine.close();
      },
    };
  } catch (error) {
    engine.close();
    throw error;
  }
}
