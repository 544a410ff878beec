/** `relata import`: a plan maps files to commands. */
import { setFlagsFromString } from 'node:v8';
import { attach } from '../app/attach.ts';
import { DEFAULT_WORKSPACE } from '../app/owner.ts';
import { loadConfig } from '../config.ts';
import { loadCatalog } from '../eventstore/catalog.ts';
import { IMPORT_USAGE, importCommand } from '../integrations/import/cli.ts';
import { abortOnSignals, type CliCommand } from './command.ts';

export const importFiles: CliCommand = {
  kind: 'cliCommand',
  name: 'import',
  usage: IMPORT_USAGE,
  summary: 'Bring files in through commands; safe to interrupt and to run again',
  run: async args => {
    // What is in use stays the same however long a file is; V8 alone would let garbage grow along with it.
    setFlagsFromString('--heap-growing-percent=50');
    const signal = abortOnSignals();
    return importCommand({
      args,
      // npm runs its scripts in the package's folder and says where it was called.
      cwd: process.env.INIT_CWD ?? process.cwd(),
      catalog: await loadCatalog(),
      workspaceId: DEFAULT_WORKSPACE,
      connect: async () => {
        const { writeSide, visible, close } = await attach(
          loadConfig({ RELATA_LOG_LEVEL: 'warn', ...process.env }),
          signal,
        );
        return { dispatch: writeSide.dispatch, streams: writeSide.streams, visible, close };
      },
      now: () => new Date(),
      out: process.stdout,
      err: process.stderr,
      signal,
    });
  },
};
