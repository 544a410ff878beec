/** Data folders with a log in them, and nothing projected yet. A log is made once a run, and copied for each use. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchContext } from './benchmark.ts';
import { startWorker } from './child.ts';
import type { FillJob } from './fill.ts';
import { type LogShape, SALES } from './generate.ts';

export type Log = {
  readonly dir: string;
  readonly events: number;
  /** Of its last event. */
  readonly position: bigint;
};

/** What `appendAll` answers, in JSON. */
type Made = { readonly events: number; readonly position: string };

/** The log of this shape, from an earlier use if there was one. */
export async function logOf(
  context: BenchContext,
  wish: Partial<LogShape> & { readonly events: number },
): Promise<Log> {
  const shape: LogShape = { seed: 1, workspaceId: 'default', ...SALES, ...wish };
  const name = createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 12);
  const dir = join(context.logs ?? context.shared, `log-${shape.events}-${name}`);
  const note = `${dir}.json`;
  const known = await readFile(note, 'utf8').catch(() => undefined);
  const made = known === undefined ? await make(context, shape, dir, note) : (JSON.parse(known) as Made);
  return { dir, events: made.events, position: BigInt(made.position) };
}

/** A data folder of its own with the log in it, to start the app on. */
export async function folderWith(context: BenchContext, log: Log, name: string): Promise<string> {
  const dir = join(context.folder, name);
  await mkdir(dir, { mode: 0o711 });
  // Neither lock nor ports: those belong to the folder that they were made in.
  for (const part of ['relata.json', 'keys', 'eventstore'])
    await cp(join(log.dir, part), join(dir, part), { recursive: true });
  return dir;
}

async function make(context: BenchContext, shape: LogShape, dir: string, note: string): Promise<Made> {
  context.say(`a log of ${shape.events.toLocaleString('en')} events is made`);
  const begun = performance.now();
  const filler = context.use(startWorker<FillJob, { events: number; position: bigint }>('./fill.ts'));
  const { events, position } = await filler.ask({ dir, shape });
  await filler.close();
  context.say(`it took ${Math.round((performance.now() - begun) / 1_000)} s`);
  const made = { events, position: String(position) };
  await writeFile(`${note}.new`, JSON.stringify(made));
  await rename(`${note}.new`, note); // a log without its note was cut short
  return made;
}
