/** One node: the engine behind its network door. It runs on whatever thread it is started on. */

import type { StoreLocation } from './database.ts';
import { openEngine } from './engine.ts';
import { type Groups, openGroups } from './persistent/groups.ts';
import { createRouter, explain } from './services.ts';
import { listen } from './transport.ts';

export type NodeOptions = StoreLocation & { readonly host: string; readonly port: number };
export type EventStoreNode = { readonly port: number; close(): Promise<void> };

/** Throws a StoreError when the data folder or the port can't be had. */
export async function startNode(options: NodeOptions): Promise<EventStoreNode> {
  const engine = openEngine(options);
  let groups: Groups | undefined;
  function close(): void {
    groups?.close();
    engine.close();
  }
  try {
    groups = openGroups(engine, explain);
    const server = await listen(options.host, options.port, createRouter(engine, groups), explain);
    return {
      port: server.port,
      async close() {
        await server.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
