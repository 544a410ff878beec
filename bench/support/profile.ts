/**
 * Loaded into the app by `--import` when profiles are wanted: profiles the CPU of its main thread and of each worker
 * thread, and writes one .cpuprofile a thread (for DevTools, or speedscope) into RELATA_BENCH_PROFILES at the end. SIGUSR2
 * begins anew, so that a profile can leave the warm-up out.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

type Send = (method: string, params?: object) => Promise<{ readonly profile?: object }>;

/** Microseconds between samples. */
const INTERVAL = 500;
const folder = process.env.RELATA_BENCH_PROFILES;

if (folder !== undefined && isMainThread) {
  mkdirSync(folder, { recursive: true });
  const session = new Session();
  session.connect();
  const threads = new Map<string, Send>([['main', ownThread(session)]]);
  await begin(threads.get('main'));
  workersOf(session, (name, send) => {
    threads.set(name, send);
    void begin(send);
  });
  process.on('SIGUSR2', () => {
    for (const send of threads.values()) void send('Profiler.stop').then(() => begin(send));
  });
  // Before the app's own handler, which closes the threads: profiles must be taken while they live.
  const kill = process.emit.bind(process);
  let _written: Promise<void> | undefined;
  process.emit = ((event: string, ...args: unknown[]) => {
    if (event !== 'SIGTERM') return kill(event as never, ...(args as never[]));
    _written ??= write(folder, threads).finally(() => kill(event as never, ...(args as never[])));
    return true;
  }) as typeof process.emit;
}

async function begin(send: Send | undefined): Promise<void> {
  await send?.('Profiler.enable');
  await send?.('Profiler.setSamplingInterval', { interval: INTERVAL });
  await send?.('Profiler.start');
}

async function write(into: string, threads: ReadonlyMap<string, Send>): Promise<void> {
  for (const [name, send] of threads) {
    const { profile } = await send('Profiler.stop');
    writeFileSync(join(into, `${process.pid}-${name}.cpuprofile`), JSON.stringify(profile));
  }
}

function ownThread(session: Session): Send {
  return (method, params) =>
    new Promise((resolve, reject) => {
      session.post(method, params, (error, result) => (error ? reject(error) : resolve(result ?? {})));
    });
}

/** Threads are reached through the main one: what is said to them is wrapped in messages of the NodeWorker domain. */
function workersOf(session: Session, found: (name: string, send: Send) => void): void {
  type Attached = {
    readonly sessionId: string;
    readonly workerInfo: { readonly title: string; readonly workerId: string };
  };
  type Received = { readonly sessionId: string; readonly message: string };
  const answers = new Map<string, (result: { readonly profile?: object }) => void>();
  let messages = 0;
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }: { params: Received }) => {
    const { id, result } = JSON.parse(params.message) as { id?: number; result?: object };
    answers.get(`${params.sessionId}/${id}`)?.(result ?? {});
  });
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }: { params: Attached }) => {
    found(`${workerInfo.title}-${workerInfo.workerId}`.replace(/[^\w-]+/g, '_'), (method, params) => {
      const id = ++messages;
      const message = JSON.stringify({ id, method, params });
      return new Promise(resolve => {
        answers.set(`${sessionId}/${id}`, resolve);
        session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
      });
    });
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
}
