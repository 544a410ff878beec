/** `relata verify`: shows that the log is what was signed, and that the read models are what the log says. */
import { parseArgs } from 'node:util';
import { attach } from '../app/attach.ts';
import { keysOf } from '../app/keys.ts';
import { DEFAULT_WORKSPACE } from '../app/owner.ts';
import { loadConfig } from '../config.ts';
import { loadReadModels } from '../projections/catalog.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { headFilesAt, type WitnessedHead } from '../proof/headFiles.ts';
import { endOfLog } from '../proof/storedLog.ts';
import { type Report, type VerifyProgress, verify } from '../proof/verify/verify.ts';
import { readMasterKey } from '../runtime/dataFolder.ts';
import { fatal } from '../runtime/fatal.ts';
import { keepHeapSmall } from '../runtime/smallHeap.ts';
import { abortOnSignals, type CliCommand, INTERRUPTED, pathFrom } from './command.ts';

export const verifyCommand: CliCommand = {
  kind: 'cliCommand',
  name: 'verify',
  usage: '[--witness PLACE] [--since SIZE] [--json]',
  summary: 'Check the hash chains, the signed tree heads, and the read models against the log',
  run: async args => {
    const { values } = parseArgs({
      args: [...args],
      options: { witness: { type: 'string' }, since: { type: 'string' }, json: { type: 'boolean' } },
    });
    const since = values.since === undefined ? undefined : sizeFrom(values.since);
    const witnessed = values.witness === undefined ? [] : await headsAt(pathFrom(values.witness));
    keepHeapSmall();
    const signal = abortOnSignals();
    try {
      const report = await run(witnessed, since, signal);
      if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
      console.log(values.json ? JSON.stringify(report, null, 2) : textOf(report));
      return report.ok ? 0 : 1;
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return INTERRUPTED;
    }
  },
};

const CLEAR_LINE = '\r\u001b[K';

function sizeFrom(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw fatal('ARGUMENTS', `--since takes the size of a tree head, such as 12000; not ${text}.`);
}

async function headsAt(place: string): Promise<readonly WitnessedHead[]> {
  const heads = await (await headFilesAt(place)).read();
  if (heads.length > 0) return heads;
  throw fatal('NO_HEADS', `There are no tree heads at ${place}; say where \`relata witness\` wrote them.`);
}

async function run(
  witnessed: readonly WitnessedHead[],
  since: number | undefined,
  signal: AbortSignal,
): Promise<Report> {
  const config = loadConfig({ RELATA_LOG_LEVEL: 'fatal', ...process.env });
  const { writeSide, eventStoreUrl, postgresUrl, visible, close } = await attach(config, signal);
  const pool = openReadPool({ url: postgresUrl, size: 1 });
  try {
    // Read models that don't catch up are compared as far as they are.
    const end = await endOfLog(writeSide.client);
    await visible(end, AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_MS)])).catch(() =>
      signal.throwIfAborted(),
    );
    return await verify({
      client: writeSide.client,
      pool,
      eventStoreUrl,
      postgresUrl,
      codec: writeSide.codec,
      keys: keysOf(config, await readMasterKey(config.dataDir, config.masterKey)),
      models: await loadReadModels(),
      witnessed,
      since: since === undefined ? undefined : { workspaceId: DEFAULT_WORKSPACE, size: since },
      told: show,
      signal,
    });
  } finally {
    await pool.end();
    await close();
  }
}

/** Of read models that a stopped instance had left behind. */
const CATCH_UP_MS = 60_000;

/** One line that renews itself on a terminal. */
function show(progress: VerifyProgress): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(CLEAR_LINE + lineOf(progress));
}

function lineOf(progress: VerifyProgress): string {
  if (progress.part === 'tables') return `reading the tables: ${count(progress.rows)} rows`;
  const { part, position, end } = progress;
  const share = end > 0n ? (position * 100n) / end : 100n;
  return `${part === 'log' ? 'reading the log' : 'looking for what differs'}: ${share} %`;
}

function textOf({ events, streams, trees, rows, findings, found, remarks, ok }: Report): string {
  const lines = [
    `${count(events)} events in ${count(streams)} streams were read, ${count(rows)} rows and versions compared.`,
    ...trees.map(
      ({ workspaceId, size, heads, covered, witnessed }) =>
        `Workspace ${workspaceId}: ${count(size)} events; ${count(heads)} signed heads, the largest of the first ${count(covered)}; the witness's largest of the first ${count(witnessed)}.`,
    ),
    ...remarks.map(({ message }) => `Note: ${message}`),
    ...findings.map(({ code, message }) => `${code}: ${message}.`),
  ];
  if (found > findings.length) lines.push(`… and ${count(found - findings.length)} more.`);
  lines.push(
    ok
      ? 'All is as it was written.'
      : `${count(found)} ${found === 1 ? 'thing is' : 'things are'} not as they were written.`,
  );
  return lines.join('\n');
}

const count = (n: number): string => n.toLocaleString('en');
