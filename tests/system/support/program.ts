/** The program as its users run it: a process of its own, started by its command line, with nothing of our environment. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../../../src/runtime/processes.ts';

export const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
};

export type Program = {
  readonly pid: number;
  /** What it has printed so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when it has ended and all that it printed is here. */
  readonly ended: Promise<Ended>;
  readonly hasEnded: () => boolean;
  readonly signal: (name: NodeJS.Signals) => void;
};

export type RunOptions = {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Where the program lies; this checkout by default. */
  readonly checkout?: string;
};

/** Long enough for a machine that runs all test files at once; what is waited for usually takes a second or two. */
const PATIENCE_MS = 60_000;

/** `relata ARGS`, without npm in between. */
export function relata(args: readonly string[], options: RunOptions = {}): Program {
  const checkout = options.checkout ?? CHECKOUT;
  return run(process.execPath, [`${checkout}src/main.ts`, ...args], options);
}

export function run(
  command: string,
  args: readonly string[],
  options: RunOptions & SpawnOptions = {},
): Program {
  const { user, checkout, env, ...rest } = options;
  const child = spawn(command, args, {
    cwd: checkout ?? CHECKOUT,
    ...rest,
    env: { ...surroundings(), ...env },
    ...user,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (printed.err += chunk.toString()));
  let over = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      resolve({ code, signal, ...printed });
    });
  });
  ended.catch(() => undefined); // told to whoever waits for it
  return {
    pid: child.pid ?? 0, // without one `ended` rejects
    out: () => printed.out,
    err: () => printed.err,
    ended,
    hasEnded: () => over,
    signal: name => child.kill(name),
  };
}

/** What finds programs and temporary folders: no setting of the developer's may change what is tested. */
const surroundings = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  TMPDIR: process.env.TMPDIR,
});

/** Waits until it holds. @throws with what was waited for, and what the program said, when it doesn't or the program ends. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  program?: Program,
): Promise<void> {
  let held = false;
  const settled = await until(async () => {
    held = await condition();
    return held || program?.hasEnded() === true;
  }, PATIENCE_MS);
  if (held) return;
  const how = settled ? 'the program ended before' : 'it did not happen';
  throw new Error(`${what}: ${how}\n${program?.out() ?? ''}\n${program?.err() ?? ''}`);
}
