/** A command of the CLI. Each is a file of this folder, found by looking into it. */
import { findExports, isKind } from '../modules.ts';

export type CliCommand = {
  readonly kind: 'cliCommand';
  readonly name: string;
  /** What follows the name: `PLAN --from FOLDER [--dry-run]`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** @returns the exit code. @throws FatalError for what the user can put right. */
  readonly run: (args: readonly string[]) => Promise<number>;
};

export const loadCliCommands = (): Promise<readonly CliCommand[]> =>
  findExports(new URL('./', import.meta.url), isKind<CliCommand>('cliCommand'), 'flat');

/** Aborted by the first Ctrl-C or SIGTERM; the second ends the process at once. */
export function abortOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  return stopping.signal;
}
