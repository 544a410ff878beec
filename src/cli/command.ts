/** A command of the CLI. Each is a file of this folder, found by looking into it. */
import { constants } from 'node:os';
import { resolve, sep } from 'node:path';
import { findExports, isKind } from '../modules.ts';

export type CliCommand = {
  readonly kind: 'cliCommand';
  readonly name: string;
  /** What follows the name: `PLAN --from FOLDER [--dry-run]`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** @returns the exit code. @throws FatalError, or what `parseArgs` throws, for what the user can put right. */
  readonly run: (args: readonly string[]) => Promise<number>;
};

export const loadCliCommands = (): Promise<readonly CliCommand[]> =>
  findExports(new URL('./', import.meta.url), isKind<CliCommand>('cliCommand'), 'flat');

/** The exit code of a command that was interrupted, as shells have it. */
export const INTERRUPTED = 130;

/** npm runs its scripts in the package's folder and says where it was called; a path is of there. */
export const pathFrom = (path: string): string =>
  resolve(process.env.INIT_CWD ?? process.cwd(), path) + (path.endsWith(sep) ? sep : '');

/** A Ctrl-C comes twice: from the terminal, and from npm, which passes on what it gets. */
const SAME_MS = 1_000;

/** Aborted by the first Ctrl-C, SIGTERM, or end of the terminal; another one later ends the process at once. */
export function abortOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let asked = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!stopping.signal.aborted) asked = performance.now();
      else if (performance.now() - asked > SAME_MS) process.exit(128 + constants.signals[signal]);
      stopping.abort(new Error(`stopped by ${signal}`));
    });
  return stopping.signal;
}
