/** What a test file starts and makes, ended and removed after its last test, also where a test has failed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { readRunningInstance } from '../../../src/runtime/instance.ts';
import { stopStale } from '../../../src/runtime/postgresProcess.ts';
import { processesIn } from '../../../src/runtime/processes.ts';
import type { UnixUser } from '../../../src/runtime/unixUser.ts';
import { eventually, type Program, type RunOptions, relata } from './program.ts';

export type Running = Program & {
  readonly dir: string;
  readonly url: string;
  /** With credentials, as is the next. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
};

export type StartOptions = RunOptions & {
  readonly dir: string;
  readonly args?: readonly string[];
  /** Until it and `/readyz` say so; or only until it listens. */
  readonly until?: 'ready' | 'listening';
};

export type Bed = ReturnType<typeof makeBed>;

/** Programs and servers are started for each; a machine that runs all files at once takes its time. */
const PATIENCE = { testTimeout: 120_000, hookTimeout: 180_000 };

/** To be called at the top of a file. */
export function makeBed() {
  vi.setConfig(PATIENCE);
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    await killPrograms();
    const failures: unknown[] = [];
    for (const end of ends.reverse()) await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
  });

  const programs = new Set<Program>();
  const killPrograms = async () => {
    for (const program of programs) {
      if (!program.hasEnded()) program.signal('SIGKILL');
      await program.ended;
    }
    programs.clear();
  };
  const use = <P extends Program>(program: P): P => {
    programs.add(program);
    return program;
  };
  const launch = ({ dir, args = [], ...options }: StartOptions): Program =>
    use(relata(['start', ...args], { ...options, env: settings(dir, options.env) }));

  return {
    /** For what is no program and no folder. */
    atEnd: (end: () => Promise<unknown>) => void ends.push(end),
    /** An empty folder that users without rights of their own can pass through. */
    folder: async (owner?: UnixUser): Promise<string> => {
      const dir = await realpath(await mkdtemp(join(tmpdir(), 'relata-system-')));
      ends.push(async () => {
        const cluster = join(dir, 'postgres', 'data');
        if (existsSync(cluster)) await stopStale(cluster);
        await rm(dir, { recursive: true, force: true });
      });
      if (owner) await chown(dir, owner.uid, owner.gid);
      return dir;
    },
    use,
    /** For an `afterEach`, where a failed test would leave its programs to the next one. */
    killPrograms,
    /** `relata start`, not waited for. */
    launch,
    /** `relata start`, until it is ready. */
    start: async (options: StartOptions): Promise<Running> => {
      const program = launch(options);
      const { url, eventStoreUrl, postgresUrl } = await ready(program, options);
      return { ...program, dir: options.dir, url, eventStoreUrl, postgresUrl };
    },
  };
}

/** Any free port, and only this data folder. */
export const settings = (dir: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  RELATA_DATA_DIR: dir,
  RELATA_PORT: '0',
  ...more,
});

async function ready(program: Program, { dir, until: wanted = 'ready' }: StartOptions) {
  let instance: Awaited<ReturnType<typeof readRunningInstance>>;
  await eventually(
    `it is ${wanted}`,
    async () => {
      instance = await readRunningInstance(dir);
      if (instance?.pid !== program.pid) return false;
      if (wanted === 'listening') return true;
      return program.out().includes('Relata is ready.') && (await fetch(new URL('/readyz', instance.url))).ok;
    },
    program,
  );
  if (!instance) throw new Error('it was ready, and is gone');
  return instance;
}

/** Asks it to stop and waits until it has. */
export async function stop(program: Program, signal: NodeJS.Signals = 'SIGTERM') {
  program.signal(signal);
  return program.ended;
}

/** A copy of a stopped instance's folder, as a restored backup is; it takes ports of its own. */
export async function copyOf(template: string, dir: string): Promise<string> {
  execFileSync('cp', ['-a', `${template}/.`, dir]);
  await rm(join(dir, 'ports'), { recursive: true, force: true });
  return dir;
}

/** Of its embedded Postgres, living. */
export const postgresProcesses = (dir: string): readonly number[] =>
  processesIn(join(dir, 'postgres', 'data'), 'postgres') ?? [];
