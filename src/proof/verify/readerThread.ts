/** Entry of a thread that reads a part of the log. */
import { parentPort, workerData } from 'node:worker_threads';
import { startReader } from './reader.ts';
import type { ReaderOptions, ToReader } from './readerMessages.ts';

const port = parentPort;
if (!port) throw new Error('this file is the entry of a worker thread');

const reader = startReader(
  workerData as ReaderOptions, // given by readers.ts
  (message, transfer) => port.postMessage(message, transfer),
  new AbortController().signal, // whoever has enough ends the thread
);
port.on('message', (message: ToReader) => reader.hear(message));
await reader.done;
port.close();
