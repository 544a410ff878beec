/**
 * `relata parked`: what the read models hold without its last events, and why; and trying again once the reason is gone.
 * The running instance tries, or one that is started for the command.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { attach } from '../app/attach.ts';
import { loadConfig } from '../config.ts';
import { progressOf } from '../projections/engine/buildRequests.ts';
import { askForRetry } from '../projections/engine/heal.ts';
import { type ListedParked, readParked } from '../projections/engine/parkedTable.ts';
import { fatal } from '../runtime/fatal.ts';
import { abortOnSignals, type CliCommand } from './command.ts';

const USAGE = 'list | show ID | retry ID… | retry --all';
const LOOK_MS = 250;
/** An owner that was killed is replaced long before. */
const UNATTENDED_MS = 10_000;

export const parked: CliCommand = {
  kind: 'cliCommand',
  name: 'parked',
  usage: USAGE,
  summary: 'What could not be kept up to date, and why; try it again',
  run: async args => {
    const wanted = wish(args);
    const signal = abortOnSignals();
    const { postgresUrl, close } = await attach(
      loadConfig({ RELATA_LOG_LEVEL: 'warn', ...process.env }),
      signal,
    );
    const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
    pool.on('error', () => undefined); // the query that comes next fails with the reason
    try {
      const all = (await readParked(pool)).filter(({ status }) => status !== 'retired');
      const chosen = wanted.ids ? wanted.ids.map(id => found(all, id)) : all;
      if (wanted.what === 'retry') return await retry(pool, chosen, signal);
      console.log(wanted.what === 'list' ? tableOf(chosen) : chosen.map(described).join('\n\n'));
      return 0;
    } finally {
      await pool.end();
      await close();
    }
  },
};

type Wish = { readonly what: 'list' | 'show' | 'retry'; readonly ids: readonly string[] | undefined };

function wish(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { all: { type: 'boolean' } },
  });
  const [what = 'list', ...ids] = positionals;
  const isAll = values.all === true;
  if (what === 'list' && ids.length === 0 && !isAll) return { what, ids: undefined };
  if (what === 'show' && ids.length > 0 && !isAll) return { what, ids };
  if (what === 'retry' && ids.length > 0 !== isAll) return { what, ids: isAll ? undefined : ids };
  throw fatal('ARGUMENTS', `Say relata parked ${USAGE}.`);
}

function found(all: readonly ListedParked[], id: string): ListedParked {
  const entry = all.find(each => each.id === id);
  if (entry) return entry;
  throw fatal('NOT_PARKED', `Nothing is parked under ${id}; relata parked list says what is.`);
}

function tableOf(entries: readonly ListedParked[]): string {
  if (entries.length === 0) return 'Nothing is parked.';
  const rows = [
    ['id', 'model', 'parked', 'code', 'event', 'behind'],
    ...entries.map(each => [
      each.id,
      modelOf(each),
      whatOf(each),
      each.code,
      eventOf(each),
      String(each.behind),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const modelOf = ({ model, status }: ListedParked) => (status === 'building' ? `${model} (build)` : model);
const whatOf = ({ scope, key }: ListedParked) => (scope === 'row' ? key : `all of ${key}`);
const eventOf = ({ type, revision }: ListedParked) => `${type} (revision ${revision})`;

const described = (entry: ListedParked): string =>
  [
    `${entry.id}  ${modelOf(entry)}, ${whatOf(entry)} in workspace ${entry.workspaceId}`,
    `  ${entry.code}: ${entry.reason}`,
    `  since ${eventOf(entry)} of ${entry.stream}, position ${entry.position}, event ${entry.eventId}`,
    `  parked ${entry.parkedAt.toISOString()}, ${entry.behind} later events wait, tried ${entry.attempts} times`,
  ].join('\n');

/** @returns 0 when nothing of it is left. */
async function retry(pool: pg.Pool, entries: readonly ListedParked[], signal: AbortSignal): Promise<number> {
  await askForRetry(
    pool,
    entries.map(({ id }) => id),
  );
  const waiting = new Map(entries.map(entry => [entry.id, entry]));
  let [code, attended] = [0, performance.now()];
  while (waiting.size > 0) {
    const now = new Map((await readParked(pool)).map(entry => [entry.id, entry]));
    for (const [id, before] of waiting) {
      const entry = now.get(id);
      if (entry && (entry.asked || entry.attempts === before.attempts)) continue;
      waiting.delete(id);
      if (entry) code = 1;
      console.log(entry ? `${id} stays parked: ${entry.reason}` : `${id} is healed.`);
    }
    if ((await progressOf(pool, new Map())).isProjected) attended = performance.now();
    else if (performance.now() - attended > UNATTENDED_MS)
      throw fatal('NOT_PROJECTED', 'No projector is running; what was asked for is tried when one begins.');
    if (waiting.size > 0) await delay(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return code;
}
