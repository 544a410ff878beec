/**
 * Reads the log in two threads, each a part of the streams, and hands out the leaves of both in the order of the log. One
 * alone would be busy some times longer than the event store is.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HASH_BYTES } from '../merkle.ts';
import { type Part, WHOLE } from '../storedLog.ts';
import type { Findings } from './findings.ts';
import { type Reader, startReader } from './reader.ts';
import type { FromReader, Leaves, ReaderOptions } from './readerMessages.ts';
import type { Leaf } from './trees.ts';

export type ReadOptions = Omit<ReaderOptions, 'part'> & {
  readonly findings: Pick<Findings, 'add'>;
  readonly each: (workspaceId: string, leaf: Leaf) => void;
  /** Hears up to where all parts have been read. */
  readonly told: (position: bigint) => void;
  readonly signal: AbortSignal;
};

export type ReadAll = {
  readonly events: number;
  readonly streams: number;
  /** Sums of what the threads have folded, by read model and table. */
  readonly lanes: readonly (readonly (readonly Uint32Array[])[])[];
};

/**
 * The parts, the first of which is read by this thread. It has the tables to read and the trees to build besides, so that its
 * part is smaller.
 */
const PARTS: readonly Part[] = ['0123456', '789abcdef'];

/** @throws what a thread fails with, or the signal's reason. */
export async function readInThreads(options: ReadOptions): Promise<ReadAll> {
  const { findings, signal, each, told, ...given } = options;
  const parts = availableParallelism() > 1 ? PARTS : [WHOLE];
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const merging = mergeLeaves(parts.length, each, told, thread => readers[thread]?.hear({ batches: 1 }));
  const done: Done[] = [];
  const hear = (thread: number) => (message: FromReader) => {
    if (message.kind === 'finding') findings.add(message.finding);
    else if (message.kind === 'leaves') merging.add(thread, message.leaves);
    else {
      merging.end(thread);
      done.push(message);
    }
  };
  const readers = parts.map((part, thread) =>
    thread === 0
      ? startReader({ ...given, part }, hear(thread), stop)
      : startReaderThread({ ...given, part }, hear(thread), stop),
  );
  try {
    await Promise.all(readers.map(reader => reader.done));
  } finally {
    over.abort();
    await Promise.allSettled(readers.map(reader => reader.done));
  }
  return {
    events: done.reduce((sum, { events }) => sum + events, 0),
    streams: done.reduce((sum, { streams }) => sum + streams, 0),
    lanes: done.map(({ lanes }) => lanes),
  };
}

type Done = Extract<FromReader, { readonly kind: 'done' }>;

/** What is young is collected often, so that garbage doesn't take more memory than what is in use. */
const LIMITS = { maxYoungGenerationSizeMb: 24 };

function startReaderThread(
  workerData: ReaderOptions,
  hear: (message: FromReader) => void,
  signal: AbortSignal,
): Reader {
  const url = new URL('./readerThread.ts', import.meta.url);
  const worker = new Worker(url, { workerData, name: 'verify', resourceLimits: LIMITS });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let isDone = false;
  worker.on('message', (message: FromReader) => {
    isDone ||= message.kind === 'done';
    hear(message);
  });
  const done = new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', code => {
      if (isDone) resolve();
      else
        reject(signal.aborted ? signal.reason : new Error(`a reading thread ended with exit code ${code}`));
    });
  });
  return { done, hear: message => worker.postMessage(message) };
}

/** Batches of each thread wait until every other thread has come as far. */
function mergeLeaves(
  threads: number,
  each: ReadOptions['each'],
  told: (position: bigint) => void,
  taken: (thread: number) => void,
) {
  const queues = Array.from({ length: threads }, () => ({ batches: [] as Leaves[], at: 0, ended: false }));

  /** The thread whose next leaf is the first in the log; nothing while one that may have an earlier leaf has none here. */
  const next = () => {
    let first:
      | { readonly queue: (typeof queues)[number]; readonly batch: Leaves; readonly position: bigint }
      | undefined;
    for (const queue of queues) {
      const batch = queue.batches[0];
      const position = batch?.positions[queue.at];
      if (batch && position !== undefined) {
        if (!first || position < first.position) first = { queue, batch, position };
      } else if (!queue.ended) return undefined;
    }
    return first;
  };
  const merge = () => {
    let position: bigint | undefined;
    for (let found = next(); found; found = next()) {
      const { queue, batch } = found;
      position = found.position;
      each(batch.workspaces[batch.workspace[queue.at] ?? 0] ?? '', leafIn(batch, queue.at, position));
      queue.at += 1;
      if (queue.at < batch.positions.length) continue;
      queue.batches.shift();
      queue.at = 0;
      taken(queues.indexOf(queue));
    }
    if (position !== undefined) told(position);
  };
  return {
    add: (thread: number, leaves: Leaves) => {
      if (leaves.positions.length > 0) queues[thread]?.batches.push(leaves);
      merge();
    },
    end: (thread: number) => {
      const queue = queues[thread];
      if (queue) queue.ended = true;
      merge();
    },
  };
}

function leafIn({ hashes, says }: Leaves, at: number, position: bigint): Leaf {
  const hash = Buffer.from(hashes.buffer, hashes.byteOffset + at * HASH_BYTES, HASH_BYTES);
  return { hash, position, says: says.find(each => each.at === at) };
}
