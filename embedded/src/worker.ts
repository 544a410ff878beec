/** The worker thread's entry: one node, on a thread of its own, so that no sync to disk delays the application. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EngineOptions, openEngine } from './engine.ts';
import { type StoreFailure, toFailure } from './errors.ts';
import { listen } from './listener.ts';
import { type Access, createMaintenance, newToken, openAccess } from './maintenance.ts';
import { type Groups, openGroups } from './persistent/groups.ts';
import { createRouter } from './services.ts';

export type NodeOptions = EngineOptions & { readonly host: string; readonly port: number };

/** What the worker says. It is told only one thing: anything posted to it means “close”. */
export type WorkerMessage =
  | { readonly kind: 'started'; readonly access: Access }
  | { readonly kind: 'failed'; readonly failure: StoreFailure }
  | { readonly kind: 'closed' };

const thread = parentPort;
if (!thread) throw new Error('worker.ts is started by startEmbeddedEventStore, not by itself');
const say = (message: WorkerMessage): void => thread.postMessage(message);

try {
  // index.ts is the only one who starts this file, with these options.
  const node = await startNode(workerData as NodeOptions);
  thread.once('message', async () => {
    await node.close();
    say({ kind: 'closed' });
  });
  say({ kind: 'started', access: node.access });
} catch (error) {
  say({ kind: 'failed', failure: toFailure(error) });
}

/** Throws a StoreError when the data folder or the port can't be had. */
async function startNode(options: NodeOptions): Promise<{ access: Access; close(): Promise<void> }> {
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
