/** The importer as users run it: its own process, attached to the instance that runs on the data folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { appEnvironment, ROOT } from './app.ts';
import type { BenchContext } from './benchmark.ts';
import type { ImportFiles } from './importFiles.ts';
import { peakMbOf } from './memory.ts';

export type ImportFigures = {
  /** From the start of the process to its end: until the read models have passed its last position. */
  readonly seconds: number;
  readonly peakMb: number;
};

/** The peak only rises, and the importer waits for the read models at its end: this seldom misses any of it. */
const LOOK_MS = 50;

/** @throws when not all rows came in. */
export async function runImporter(
  context: BenchContext,
  dataDir: string,
  { plan, folder }: ImportFiles,
): Promise<ImportFigures> {
  const begun = performance.now();
  const logFile = join(folder, 'import.log');
  const log = openSync(logFile, 'w');
  const report = join(folder, 'report.csv');
  const child = spawn(
    process.execPath,
    ['src/main.ts', 'import', plan, '--from', folder, '--report', report],
    { cwd: fileURLToPath(ROOT), env: appEnvironment(dataDir), stdio: ['ignore', log, log] },
  );
  const exited = once(child, 'exit').then(([code]) => code as number | null); // as Node documents the event
  context.use({
    close: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  });
  let code: number | null | undefined;
  let peakMb = 0;
  while (code === undefined) {
    code = await Promise.race([exited, delay(LOOK_MS, undefined)]);
    peakMb = Math.max(peakMb, peakMbOf(child.pid ?? 0) ?? 0);
  }
  const seconds = (performance.now() - begun) / 1_000;
  if (code !== 0) throw new Error(`the importer ended with ${code}:\n${readFileSync(logFile, 'utf8')}`);
  return { seconds, peakMb };
}
