/** Load and floors run in processes of their own: `fork` here, `serve` there; each job is answered by one result. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Closable } from './resources.ts';

export type Worker<Job, Answer> = Closable & {
  readonly pid: number;
  readonly ask: (job: Job) => Promise<Answer>;
};

type Reply = { readonly answer?: unknown; readonly error?: string };

/** @param file of this folder, which calls `serve` with the same types. */
export function startWorker<Job, Answer>(file: string): Worker<Job, Answer> {
  const child = fork(new URL(file, import.meta.url), {
    serialization: 'advanced', // bigints
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (child.pid === undefined) throw new Error(`${file} can't be started`);
  let closing: Promise<void> | undefined;
  return {
    pid: child.pid,
    ask: async job => {
      child.send(job as object); // every job is an object
      const reply = await nextReply(child);
      if (reply.error !== undefined) throw new Error(`${file}: ${reply.error}`);
      return reply.answer as Answer; // what `serve` in this file sent
    },
    close: () => {
      closing ??= stop(child);
      return closing;
    },
  };
}

/** Answers jobs, one after the other, until the parent has gone; then `end` puts away what outlives a process. */
export function serve<Job, Answer>(
  work: (job: Job) => Promise<Answer>,
  end: () => Promise<void> = async () => undefined,
): void {
  const reply = (message: Reply) => process.send?.(message);
  process.on('message', (job: Job) => {
    work(job).then(
      answer => reply({ answer }),
      (error: unknown) =>
        reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => {
    end().then(
      () => process.exit(),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

async function nextReply(child: ChildProcess): Promise<Reply> {
  const ended = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: ended.signal }).then(([reply]) => reply as Reply),
      once(child, 'exit', { signal: ended.signal }).then(([code, signal]): Reply => {
        return { error: `ended before it answered (${signal ?? code})` };
      }),
    ]);
  } finally {
    ended.abort();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}
