/**
 * `relata verify`, without its command line: the log's chains and trees, what a witness holds, and the tables against a
 * fold of the log. One pass over the log does all of it; a second one names the rows that differ, if any do.
 */
import type { EventStoreDBClient } from '@eventstore/db-client';
import type pg from 'pg';
import type { Codec } from '../../eventstore/codec.ts';
import type { KeyringOptions } from '../../eventstore/personal/keyring.ts';
import { openRowCheck, type RowCheck } from '../../projections/engine/checkRows.ts';
import { lastEvent } from '../../projections/engine/eventStoreSource.ts';
import type { LogPoint } from '../../projections/engine/source.ts';
import { openSession } from '../../projections/query/session.ts';
import type { ReadModel } from '../../projections/readModel.ts';
import { fatal } from '../../runtime/fatal.ts';
import type { WitnessedHead } from '../headFiles.ts';
import { headOfSize, type Reads } from '../heads.ts';
import { checkTrees, type TreesCheck } from './allTrees.ts';
import { readBeginning, readCachedTrees } from './cachedTrees.ts';
import { compareRows, type Looking } from './compareRows.ts';
import { collectFindings, type Finding, type Findings, type Remark } from './findings.ts';
import { readInThreads } from './readers.ts';
import type { Beginning, TreeSummary } from './trees.ts';

export type VerifyOptions = {
  readonly client: EventStoreDBClient;
  /** With credentials, as is the next. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly pool: pg.Pool;
  readonly codec: Pick<Codec, 'decode'>;
  /** What those of persons are wrapped by, for the threads that read. */
  readonly keys: KeyringOptions;
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
  const findings = collectFindings();
  const { since, cached } = await kept(options);
  const rows = since ? undefined : await openRowCheck(options.postgresUrl, options.models);
  if (since)
    findings.remark({
      code: 'SINCE',
      message: `The first ${since.head.size} events and the read models were not looked at: run relata verify without --since for those.`,
    });
  try {
    // With the system events: one of them may be the last, and take a stream away.
    const end = await lastEvent(client, () => true);
    const trees = checkTrees({ findings, witnessed, cached, since });
    const { events, streams } = await readAll(options, { end, since, rows, findings, trees });
    const summaries = trees.finish();
    for (const tree of summaries) remarkOn(tree, witnessed.length > 0, findings);
    const compared = rows ? await compareRows(lookingOf(options), rows, findings) : 0;
    const [found, { named, remarks }] = [findings.count(), findings];
    return {
      ok: found === 0,
      events,
      streams,
      trees: summaries,
      rows: compared,
      findings: named,
      found,
      remarks,
    };
  } finally {
    await rows?.close();
  }
}

type Parts = {
  readonly end: LogPoint | undefined;
  readonly since: Beginning | undefined;
  readonly rows: RowCheck | undefined;
  readonly findings: Findings;
  readonly trees: TreesCheck;
};

/** The log in threads of their own, and the tables in this one. */
async function readAll(
  { eventStoreUrl, postgresUrl, keys, told, signal }: VerifyOptions,
  { end, since, rows, findings, trees }: Parts,
) {
  const reading = end
    ? readInThreads({
        eventStoreUrl,
        postgresUrl,
        keys,
        from: since && pointOf(since.head),
        end,
        only: since?.head.workspaceId,
        rows: rows?.comparable ?? [],
        salt: rows?.salt ?? '',
        findings,
        each: trees.add,
        told: position => told({ part: 'log', position, end: end.commit }),
        signal,
      })
    : { events: 0, streams: 0, lanes: [] };
  const [read] = await Promise.all([
    reading,
    rows?.readTables(count => told({ part: 'tables', rows: count })),
  ]);
  for (const lanes of read.lanes) rows?.addFolded(lanes);
  return read;
}

const lookingOf = ({ client, codec, told, signal }: VerifyOptions): Looking => ({
  client,
  codec,
  told: (position, end) => told({ part: 'differences', position, end }),
  signal,
});

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

/** Of events that are written one by one, as all of ours are, both positions are the same. */
const pointOf = ({ position }: WitnessedHead): LogPoint => ({
  commit: BigInt(position),
  prepare: BigInt(position),
  eventId: '', // a subscription doesn't ask for it
});

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
