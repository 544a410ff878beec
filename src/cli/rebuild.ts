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

const USAGE = 'NAME… | --all [--accept-parked]';
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
    const wanted = chosen(args, await loadReadModels());
    const signal = abortOnSignals();
    try {
      return await rebuildAll(wanted, signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return INTERRUPTED;
    }
  },
};

type Wanted = { readonly models: readonly ReadModel[]; readonly withParked: 'hold back' | 'accept' };

function chosen(args: readonly string[], models: readonly ReadModel[]): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { all: { type: 'boolean' }, 'accept-parked': { type: 'boolean' } },
  });
  const known = models.map(({ name }) => name);
  const list = known.join(', ');
  if ((values.all === true) === positionals.length > 0)
    throw fatal('ARGUMENTS', `Name read models, or say --all; there are ${list}.`);
  const unknown = positionals.find(name => !known.includes(name));
  if (unknown !== undefined)
    throw fatal('UNKNOWN_READ_MODEL', `There is no read model ${unknown}; there are ${list}.`);
  return {
    models: values.all ? models : models.filter(({ name }) => positionals.includes(name)),
    withParked: values['accept-parked'] ? 'accept' : 'hold back',
  };
}

/** @returns the exit code. */
async function rebuildAll({ models, withParked }: Wanted, signal: AbortSignal): Promise<number> {
  const { postgresUrl, close } = await attach(
    loadConfig({ RELATA_LOG_LEVEL: 'warn', ...process.env }),
    signal,
  );
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
  pool.on('error', () => undefined); // the query that comes next fails with the reason
  try {
    const schemas = await requestBuilds(pool, models, withParked);
    signal.addEventListener('abort', () =>
      console.error('The build goes on in the running instance, or when Relata is started next.'),
    );
    return await watch(() => progressOf(pool, schemas), signal);
  } finally {
    await pool.end();
    await close();
  }
}

/**
 * Resolves once all are shown or held back.
 * @returns the exit code. @throws when that won't happen, or the signal's reason.
 */
async function watch(look: () => Promise<Progress>, signal: AbortSignal): Promise<number> {
  const told = new Set<string>();
  const show = progressLine();
  let [code, attended] = [0, performance.now()];
  for (;;) {
    const progress = await look();
    const { builds, isProjected } = progress;
    show(progress);
    for (const build of builds) {
      const { model, state } = build;
      if (state === 'given up') throw givenUp(model);
      if (state === 'building' || told.has(model)) continue;
      told.add(model);
      if (state === 'held') code = 1;
      console.log(state === 'held' ? heldBack(build) : `${model} is built anew and shown.`);
    }
    if (told.size === builds.length) return code;
    if (isProjected) attended = performance.now();
    else if (performance.now() - attended > UNATTENDED_MS) throw notProjected();
    await delay(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const heldBack = ({ model, parked }: BuildProgress): string =>
  `${model} is built anew and not shown: ${parked} of its rows are parked, and some of them are whole at present. See relata parked list; retry them, or say --accept-parked.`;

const givenUp = (model: string) =>
  fatal('GIVEN_UP', `The build of ${model} was given up: another version of Relata is running; stop it.`);

const notProjected = () =>
  fatal(
    'NOT_PROJECTED',
    'No projector is running; /readyz and the log of the instance say what has stopped it. The build begins with it.',
  );

/** One line that renews itself on a terminal; elsewhere nothing is said until there is something to say. */
function progressLine(): (progress: Progress) => void {
  const begun = performance.now();
  return progress => {
    if (!process.stderr.isTTY) return;
    process.stderr.write(CLEAR_LINE + lineOf(progress, (performance.now() - begun) / 1_000));
  };
}

/** @param seconds since it was asked for. */
export function lineOf({ builds, end }: Progress, seconds: number): string {
  const going = builds.filter(({ state }) => state === 'building');
  const slowest = going.reduce<BuildProgress | undefined>(
    (least, each) => (least && least.position <= each.position ? least : each),
    undefined,
  );
  if (!slowest) return '';
  const share = end > 0n && slowest.position > 0n ? Number((slowest.position * 10_000n) / end) / 10_000 : 0;
  const perSecond = Math.round(slowest.handled / Math.max(seconds, 0.001)).toLocaleString('en');
  const left = share > 0 ? Math.ceil((seconds * (1 - share)) / share) : undefined;
  const rest = left === undefined ? 'begins' : `${perSecond} events/s, ${left} s left`;
  return `${going.map(({ model }) => model).join(', ')}: ${Math.floor(share * 100)} %, ${rest}`;
}
