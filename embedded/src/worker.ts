/** The worker thread's entry: a node on a thread of its own, so that no sync to disk delays the application. */
import { parentPort, workerData } from 'node:worker_threads';
import { type StoreFailure, toFailure } from './errors.ts';
import type { Access } from './maintenance.ts';
import { type NodeOptions, startNode } from './node.ts';

/** What the worker says. It is told only one thing: anything posted to it means “close”. */
export type WorkerMessage =
  | { readonly kind: 'started'; readonly access: Access }
  | { readonly kind: 'failed'; readonly failure: StoreFailure }
  | { readonly kind: 'closed' };

const port = parentPort;
if (!port) throw new Error('worker.ts is started by startEmbeddedEventStore, not by itself');
const say = (message: WorkerMessage): void => port.postMessage(message);

try {
  // index.ts is the only one who starts this file, with these options.
  const node = await startNode(workerData as NodeOptions);
  port.once('message', async () => {
    await node.close();
    say({ kind: 'closed' });
  });
  say({ kind: 'started', access: node.access });
} catch (error) {
  say({ kind: 'failed', failure: toFailure(error) });
}
