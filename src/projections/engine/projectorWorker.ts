/** The projector in a thread of its own, with the same controls as one in this thread. */
import { Worker } from 'node:worker_threads';
import { projectionError } from './failure.ts';
import { type Projector, type ProjectorStatus, UNKNOWN } from './projector.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './workerMessages.ts';

export type ProjectorWorker = Projector & {
  /** Resolves if the thread ends without having been asked to, and never otherwise. */
  readonly ended: Promise<Error>;
  /** Hears of each batch that the live read models have taken. */
  readonly onBatch: (listener: (events: number) => void) => void;
};

/** @throws what `startProjector` throws. The database must be migrated. */
export async function startProjectorWorker(options: WorkerOptions): Promise<ProjectorWorker> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: options,
    name: 'projector',
  });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Error>();
  const exited = Promise.withResolvers<void>();
  const answers = new Map<number, PromiseWithResolvers<void>>();
  const listeners = new Set<(status: ProjectorStatus) => void>();
  const batchListeners = new Set<(events: number) => void>();
  let status = UNKNOWN;
  let closing = false;
  let requests = 0;

  const send = (message: ToWorker) => worker.postMessage(message);
  const over = (error: Error) => {
    ready.reject(error);
    for (const answer of answers.values()) answer.reject(error);
    answers.clear();
    if (!closing) ended.resolve(error);
  };
  worker.on('message', (message: FromWorker) => {
    switch (message.kind) {
      case 'ready':
        return ready.resolve();
      case 'status':
        status = message.status;
        for (const listener of listeners) listener(status);
        return;
      case 'batch':
        for (const listener of batchListeners) listener(message.events);
        return;
      case 'answer': {
        const answer = answers.get(message.id);
        answers.delete(message.id);
        return message.message === undefined ? answer?.resolve() : answer?.reject(new Error(message.message));
      }
      case 'refused':
        closing = true; // it ends by itself, which is no news
        return ready.reject(message.failure ? projectionError(message.failure) : new Error(message.message));
    }
  });
  worker.on('error', error => over(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', code => {
    over(new Error(`the projector's thread ended with exit code ${code}`));
    exited.resolve();
  });

  await ready.promise;
  return {
    status: () => status,
    onStatus: listener => {
      listeners.add(listener);
    },
    rebuild: model => {
      const answer = Promise.withResolvers<void>();
      requests += 1;
      answers.set(requests, answer);
      send({ kind: 'rebuild', id: requests, model });
      return answer.promise;
    },
    close: async () => {
      closing = true;
      send({ kind: 'close' });
      await exited.promise;
    },
    onBatch: listener => {
      batchListeners.add(listener);
    },
    ended: ended.promise,
  };
}
