/** The application as users run it: its own process, started by its command line, logging at info. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readRunningInstance } from '../../src/runtime/instance.ts';
import type { BenchContext } from './benchmark.ts';
import type { Closable } from './resources.ts';
import { terminate } from './terminate.ts';

export type App = Closable & {
  readonly pid: number;
  readonly url: URL;
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /** From the start of the process until it was as wanted. */
  readonly startedInMs: number;
};

export type AppOptions = {
  readonly dataDir: string;
  /** All by default. */
  readonly roles?: string;
  /** Until it listens; by default until it is ready, which takes until the read models have caught up. */
  readonly until?: 'listening';
};

export const ROOT = new URL('../../', import.meta.url);
/** A million events are caught up with in some minutes. */
const START_MS = 600_000;
/** A start is looked at often while it may be short, so that its length is told well, and seldom when it is long. */
const SHORT_MS = 10_000;

export async function startApp(context: BenchContext, options: AppOptions): Promise<App> {
  const begun = performance.now();
  const logFile = openSync(logFileOf(options.dataDir), 'a');
  const child = spawn(process.execPath, [...profiling(context), 'src/main.ts', 'start'], {
    cwd: fileURLToPath(ROOT),
    env: {
      ...appEnvironment(options.dataDir),
      ...(options.roles && { RELATA_ROLES: options.roles }),
      ...(context.profiles && { RELATA_BENCH_PROFILES: context.profiles }),
    },
    stdio: ['ignore', logFile, logFile],
  });
  let stopping: Promise<void> | undefined;
  const close = () => {
    stopping ??= terminate(child); // so that it stops its Postgres too
    return stopping;
  };
  context.use({ close });
  const { url, eventStoreUrl, postgresUrl } = await ready(child, options);
  return {
    pid: child.pid ?? 0, // it runs, so it has one
    url: new URL(url),
    eventStoreUrl,
    postgresUrl,
    startedInMs: performance.now() - begun,
    close,
  };
}

/** Nothing of ours but what finds programs: no setting of the developer's may change what is measured. */
export const appEnvironment = (dataDir: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  TMPDIR: process.env.TMPDIR,
  RELATA_DATA_DIR: dataDir,
  RELATA_PORT: '0',
  RELATA_LOG_LEVEL: 'info',
});

async function ready(child: ChildProcess, { dataDir, until }: AppOptions) {
  const begun = performance.now();
  for (;;) {
    const elapsed = performance.now() - begun;
    if (child.exitCode !== null) throw failed(dataDir, `ended with ${child.exitCode}`);
    if (elapsed > START_MS) throw failed(dataDir, `isn't ready after ${START_MS} ms`);
    const instance = await readRunningInstance(dataDir);
    if (instance && instance.pid === child.pid && (until === 'listening' || (await isReady(instance.url))))
      return instance;
    await delay(elapsed < SHORT_MS ? 10 : 200);
  }
}

/** With the end of its log, which is deleted along with everything. */
function failed(dataDir: string, what: string): Error {
  const lines = readFileSync(logFileOf(dataDir), 'utf8').trimEnd().split('\n');
  return new Error(`the app ${what}:\n${lines.slice(-20).join('\n')}`);
}

const logFileOf = (dataDir: string) => `${dataDir}.log`;

/** @throws when a part says that it has failed: then waiting is in vain. */
export async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(new URL('/readyz', url));
  const text = await answer.text();
  if (!answer.ok && !text.includes('catch up')) throw new Error(`the app can't get ready: ${text}`);
  return answer.ok;
}

const profiling = ({ profiles }: BenchContext): string[] =>
  profiles === undefined ? [] : ['--import', new URL('./profile.ts', import.meta.url).href];
