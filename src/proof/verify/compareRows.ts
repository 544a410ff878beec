/** What the tables and the fold of the log come to, in a verification's words. */
import type { EventStoreDBClient } from '@eventstore/db-client';
import type { Codec } from '../../eventstore/codec.ts';
import type { RowCheck } from '../../projections/engine/checkRows.ts';
import { lastEvent } from '../../projections/engine/eventStoreSource.ts';
import type { CloserLook, RowDifference } from '../../projections/engine/rowDifferences.ts';
import { readPart, type StoredLogEvent, WHOLE } from '../storedLog.ts';
import type { Finding, Findings } from './findings.ts';
import { decodedOf } from './reader.ts';

export type Looking = {
  readonly client: EventStoreDBClient;
  readonly codec: Pick<Codec, 'decode'>;
  /** Hears how far the second look has come. */
  readonly told: (position: bigint, end: bigint) => void;
  readonly signal: AbortSignal;
};

/** @returns how many rows and versions there are. */
export async function compareRows(looking: Looking, rows: RowCheck, findings: Findings): Promise<number> {
  for (const { model, why } of rows.skipped)
    findings.remark({
      code: 'NOT_COMPARED',
      message: `The read model ${model} was not compared: ${why}.`,
    });
  for (const { model, parked } of rows.comparable)
    if (parked.length > 0)
      findings.remark({
        code: 'PARKED',
        message: `In the read model ${model} ${parked.length} rows or streams are parked; they were compared as they were before that. relata parked says why.`,
      });
  const { rows: count, closerLook } = await rows.finish();
  if (closerLook)
    for (const difference of await look(looking, closerLook)) findings.add(findingOf(difference));
  return count;
}

/** Reads the log once more, for the few rows that differ. */
async function look(
  { client, codec, told, signal }: Looking,
  closerLook: CloserLook,
): Promise<readonly RowDifference[]> {
  const end = await lastEvent(client, () => true);
  if (!end) return closerLook.finish();
  const handle = async (events: readonly StoredLogEvent[]) => {
    for (const event of await decodedOf(codec, events)) closerLook.add(event);
    told(events.at(-1)?.point.commit ?? -1n, end.commit);
  };
  await readPart(client, WHOLE, undefined, end, handle, signal);
  return closerLook.finish();
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
