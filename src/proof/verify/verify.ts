/**
 * `relata verify`, without its command line: the log's chains and trees, what a witness holds, and the tables against a
 * fold of the log. One pass over the log does all of it; a second one names the rows that differ, if any do.
 */
import type { EventStoreDBClient } from '@eventstore/db-client';
import type pg from 'pg';
import type { Codec } from '../../eventstore/codec.ts';
import {
  type CloserLook,
  openRowCheck,
  type RowCheck,
  type RowDifference,
} from '../../projections/engine/checkRows.ts';
import type { LogPoint } from '../../projections/engine/source.ts';
import { openSession } from '../../projections/query/session.ts';
import type { ReadModel } from '../../projections/readModel.ts';
import { fatal } from '../../runtime/fatal.ts';
import type { WitnessedHead } from '../headFiles.ts';
import { headOfSize, type Reads } from '../heads.ts';
import type { StoredLogEvent } from '../storedLog.ts';
import { type StoredLog, storedLogWithDeletions } from '../storedLog.ts';
import { readBeginning, readCachedTrees } from './cachedTrees.ts';
import { collectFindings, type Finding, type Findings, type Remark } from './findings.ts';
import type { Beginning, TreeSummary } from './trees.ts';
import { checkLogOf, decoded, readLog } from './verifyLog.ts';

export type VerifyOptions = {
  readonly client: EventStoreDBClient;
  readonly postgresUrl: string;
  readonly pool: pg.Pool;
  readonly codec: Pick<Codec, 'decode'>;
  readonly models: readonly ReadModel[];
  readonly witnessed: readonly WitnessedHead[];
  /** The size of a head whose events are believed. */
  readonly since?: { readonly workspaceId: string; readonly size: number } | undefined;
  readonly told: (progress: VerifyProgress) => void;
  readonly signal: AbortSignal;
};

export type VerifyProgress =
  | { readonly part: 'tables'; readonly rows: number }
  | { readonly part: 'log' | 'differences'; readonly position: bigint; readonly end: bigint };

export type Report = {
  readonly ok: boolean;
  readonly events: number;
  readonly streams: number;
  readonly trees: readonly TreeSummary[];
  /** Rows and versions that were compared. */
  readonly rows: number;
  readonly findings: readonly Finding[];
  /** Those that are not named included. */
  readonly found: number;
  readonly remarks: readonly Remark[];
};

export async function verify(options: VerifyOptions): Promise<Report> {
  const { client, witnessed } = options;
  const log = storedLogWithDeletions(client);
  const findings = collectFindings();
  const { since, cached } = await kept(options);
  const rows = since ? undefined : await openRowCheck(options.postgresUrl, options.models);
  if (since)
    findings.remark({
      code: 'SINCE',
      message: `The first ${since.head.size} events and the read models were not looked at: run relata verify without --since for those.`,
    });
  try {
    const end = await log.end();
    const check = checkLogOf({ findings, witnessed, cached, since });
    if (end) await passOver(options, log, end, since, check.add, rows);
    const { events, streams, trees } = check.finish();
    for (const tree of trees) remarkOn(tree, witnessed.length > 0, findings);
    const compared = rows ? await compareRows(options, log, rows, findings) : 0;
    const [found, { named, remarks }] = [findings.count(), findings];
    return { ok: found === 0, events, streams, trees, rows: compared, findings: named, found, remarks };
  } finally {
    await rows?.close();
  }
}

/** What Postgres keeps of the trees, in one snapshot. */
async function kept({ pool, witnessed, since }: VerifyOptions) {
  const reads = openSession({ pool, waitFor: async () => undefined }, '');
  try {
    const beginning = since && (await readBeginning(reads.read, await headFor(reads, witnessed, since)));
    return { since: beginning, cached: await readCachedTrees(reads.read) };
  } finally {
    reads.end();
  }
}

/** The witness's, if it holds one of that size; otherwise the log's. */
async function headFor(
  reads: Reads,
  witnessed: readonly WitnessedHead[],
  { workspaceId, size }: { readonly workspaceId: string; readonly size: number },
): Promise<WitnessedHead> {
  const held = witnessed.find(head => head.workspaceId === workspaceId && head.size === size);
  const head = held ?? (await headOfSize(reads, workspaceId, size));
  if (head) return head;
  throw fatal(
    'NO_SUCH_HEAD',
    `There is no head of ${size} events in workspace ${workspaceId}; --since takes the size of one.`,
  );
}

async function passOver(
  { codec, told, signal }: VerifyOptions,
  log: StoredLog,
  end: LogPoint,
  since: Beginning | undefined,
  add: (event: StoredLogEvent) => void,
  rows: RowCheck | undefined,
): Promise<void> {
  await rows?.readTables(count => told({ part: 'tables', rows: count }));
  const fold = rows && decoded(codec, rows.add);
  const from = since && pointOf(since.head);
  const handle = async (events: readonly StoredLogEvent[]) => {
    for (const event of events) add(event);
    if (fold) await fold(events.filter(({ point }) => point.commit <= rows.upTo));
  };
  await readLog(log, from, end, handle, position => told({ part: 'log', position, end: end.commit }), signal);
}

/** Of events that are written one by one, as all of ours are, both positions are the same. */
const pointOf = ({ position }: WitnessedHead): LogPoint => ({
  commit: BigInt(position),
  prepare: BigInt(position),
  eventId: '', // a subscription doesn't ask for it
});

async function compareRows(
  { codec, told, signal }: VerifyOptions,
  log: StoredLog,
  rows: RowCheck,
  findings: Findings,
): Promise<number> {
  for (const { model, why } of rows.skipped)
    findings.remark({ code: 'NOT_COMPARED', message: `The read model ${model} was not compared: ${why}.` });
  const { rows: count, closerLook } = await rows.finish();
  if (closerLook) for (const difference of await name(closerLook)) findings.add(findingOf(difference));
  return count;

  async function name(look: CloserLook): Promise<readonly RowDifference[]> {
    const end = await log.end();
    const upTo = { commit: rows.upTo, prepare: rows.upTo, eventId: '' };
    if (end && rows.upTo >= 0n)
      await readLog(
        log,
        undefined,
        end.commit < rows.upTo ? end : upTo,
        decoded(codec, look.add),
        position => told({ part: 'differences', position, end: rows.upTo }),
        signal,
      );
    return look.finish();
  }
}

function findingOf({ kind, model, table, workspaceId, id, position, columns }: RowDifference): Finding {
  const version = `the ${table === 'rows' ? 'row' : 'version'} ${id} of ${model}, known since position ${position},`;
  const of = { model, id, position, workspaceId };
  if (kind === 'missing') return { code: 'ROW_MISSING', message: `${version} is missing in Postgres`, ...of };
  if (kind === 'unfounded')
    return { code: 'ROW_UNFOUNDED', message: `${version} is in Postgres, and no event made it`, ...of };
  return {
    code: 'ROW_DIFFERS',
    message: `${version} differs from the fold of its events in ${columns.join(', ')}`,
    ...of,
  };
}

function remarkOn(
  { workspaceId, size, covered, witnessed }: TreeSummary,
  hasWitness: boolean,
  findings: Findings,
): void {
  if (covered < size)
    findings.remark({
      code: 'NOT_COVERED',
      message: `The last ${size - covered} of ${size} events of workspace ${workspaceId} are covered by no head yet.`,
    });
  if (!hasWitness)
    findings.remark({
      code: 'NO_WITNESS',
      message: `No witness was asked: a log that was written anew with this installation's own key, or cut after its last head, would look the same. Give one with --witness.`,
    });
  else if (witnessed < covered)
    findings.remark({
      code: 'NOT_WITNESSED',
      message: `Of ${size} events of workspace ${workspaceId} the witness vouches for the first ${witnessed}.`,
    });
}
