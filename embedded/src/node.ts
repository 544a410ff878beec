/** One node: the engine behind its network door. It runs on whatever thread it is started on. */

import { type EngineOptions, openEngine } from './engine.ts';
import { listen } from './listener.ts';
import { type Access, createMaintenance, newToken, openAccess } from './maintenance.ts';
import { type Groups, openGroups } from './persistent/groups.ts';
import { createRouter } from './services.ts';

export type NodeOptions = EngineOptions & { readonly host: string; readonly port: number };
export type EventStoreNode = { readonly access: Access; close(): Promise<void> };

/** Throws a StoreError when the data folder or the port can't be had. */
export async function startNode(options: NodeOptions): Promise<EventStoreNode> {
  const engine = openEngine(options);
  const { host } = options;
  let { port } = options;
  const token = newToken();
  let groups: Groups | undefined;
  function close(): void {
    groups?.close();
    engine.close();
  }
  try {
    groups = openGroups(engine);
    const route = createRouter(engine, groups, () => ({ host, port }));
    const server = await listen(host, port, route, createMaintenance(engine, token));
    port = server.port;
    const access = { port, token };
    const endAccess = 'dataDir' in options ? openAccess(options.dataDir, access) : () => undefined;
    return {
      access,
      async close() {
        // What has been taken is answered; what comes now is told that it came too late.
        engine.finish();
        await server.close();
        endAccess();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
