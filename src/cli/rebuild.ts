/**
 * `relata rebuild`: builds read models anew from the log. The running instance of the data folder does it, or one that is
 * started for the command. The build is a row of the database, so whoever is interrupted leaves it to be gone on with.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { attach } from '../app/attach.ts';
import { loadConfig } from '../config.ts';
import { loadReadModels } from '../projections/catalog.ts';
import {
  type BuildProgress,
  type Progress,
  progressOf,
  requestBuilds,
} from '../projections/engine/buildRequests.ts';
import type { ReadModel } from '../projections/readModel.ts';
import { fatal } from '../runtime/fatal.ts';
import { abortOnSignals, type CliCommand } from './command.ts';

const USAGE = 'NAME… | --all';
const LOOK_MS = 250;
/** An owner that was killed is replaced long before. */
const UNATTENDED_MS = 10_000;
const INTERRUPTED = 130;
const CLEAR_LINE = '\r\u001b[K';

export const rebuild: CliCommand = {
  kind: 'cliCommand',
  name: 'rebuild',
  usage: USAGE,
  summary: 'Build read models anew from the log, while the old ones are served',
  run: async args => {
    const models = chosen(args, await loadReadModels());
    const signal = abortOnSignals();
    try {
      await rebuildAll(models, signal);
      return 0;
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return INTERRUPTED;
    }
  },
};

function chosen(args: readonly string[], models: readonly ReadModel[]): readonly ReadModel[] {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { all: { type: 'boolean' } },
  });
  const known = models.map(({ name }) => name);
  const list = known.join(', ');
  if ((values.all === true) === positionals.length > 0)
    throw fatal('ARGUMENTS', `Name read models, or say --all; there are ${list}.`);
  const unknown = positionals.find(name => !known.includes(name));
  if (unknown !== undefined)
    throw fatal('UNKNOWN_READ_MODEL', `There is no read model ${unknown}; there are ${list}.`);
  return values.all ? models : models.filter(({ name }) => positionals.includes(name));
}

async function rebuildAll(models: readonly ReadModel[], signal: AbortSignal): Promise<void> {
  const { postgresUrl, close } = await attach(
    loadConfig({ RELATA_LOG_LEVEL: 'warn', ...process.env }),
    signal,
  );
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
  pool.on('error', () => undefined); // the query that comes next fails with the reason
  try {
    const schemas = await requestBuilds(pool, models);
    signal.addEventListener('abort', () =>
      console.error('The build goes on in the running instance, or when Relata is started next.'),
    );
    await watch(() => progressOf(pool, schemas), signal);
  } finally {
    await pool.end();
    await close();
  }
}

/** Resolves once all are shown. @throws when that won't happen, or the signal's reason. */
async function watch(look: () => Promise<Progress>, signal: AbortSignal): Promise<void> {
  const told = new Set<string>();
  let attended = performance.now();
  for (;;) {
    const progress = await look();
    const { builds, isProjected } = progress;
    show(progress);
    for (const { model, state } of builds) {
      if (state === 'given up') throw givenUp(model);
      if (state === 'building' || told.has(model)) continue;
      told.add(model);
      console.log(`${model} is built anew and shown.`);
    }
    if (told.size === builds.length) return;
    if (isProjected) attended = performance.now();
    else if (performance.now() - attended > UNATTENDED_MS) throw notProjected();
    await delay(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const givenUp = (model: string) =>
  fatal('GIVEN_UP', `The build of ${model} was given up: another version of Relata is running; stop it.`);

const notProjected = () =>
  fatal(
    'NOT_PROJECTED',
    'No projector is running; /readyz and the log of the instance say what has stopped it. The build begins with it.',
  );

/** One line that renews itself on a terminal; elsewhere nothing is said until there is something to say. */
function show({ builds, end }: Progress): void {
  if (!process.stderr.isTTY) return;
  const going = builds.filter(({ state }) => state === 'building');
  process.stderr.write(CLEAR_LINE + going.map(build => line(build, end)).join(', '));
}

const line = ({ model, position }: BuildProgress, end: bigint): string =>
  `${model} ${end > 0n && position > 0n ? (position * 100n) / end : 0n} % (position ${position} of ${end})`;
