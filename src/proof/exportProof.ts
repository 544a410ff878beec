/** Makes a proof of one event, or of all events of a record. */
import { type EventStoreDBClient, StreamNotFoundError } from '@eventstore/db-client';
import { sql } from 'kysely';
import { streamName } from '../domain/kernel/aggregate.ts';
import type { StoredEvent } from '../eventstore/codec.ts';
import { fatal } from '../runtime/fatal.ts';
import { HEAD_FORMAT, type WitnessedHead } from './headFiles.ts';
import { headOfSize, type Reads } from './heads.ts';
import { inclusionsOf } from './inclusion.ts';
import { leafEventOf, leafText } from './leaf.ts';
import { leafHash } from './merkle.ts';
import { type ProvenEvent, proofText } from './proofFile.ts';

export type ExportOptions = {
  readonly client: EventStoreDBClient;
  readonly reads: Reads;
  readonly workspaceId: string;
  /** An event's id, or `opportunity/<id>`. */
  readonly of: string;
  /** The size of the head to prove it against; the newest without it. */
  readonly headSize?: number | undefined;
};

/** @throws FatalError when there is no such event, or no head covers it. */
export async function exportProof(
  options: ExportOptions,
): Promise<{ readonly text: string; readonly events: number; readonly left: number }> {
  const { reads, workspaceId, headSize } = options;
  const stored = await eventsOf(options);
  const head = await headOfSize(reads, workspaceId, headSize);
  if (!head) throw noHead(headSize);
  const positions = stored.map(({ position }) => position?.commit ?? -1n);
  const inclusions = await inclusionsOf(reads, workspaceId, positions, head.size);
  const proven = stored.flatMap((each, i): ProvenEvent[] => {
    const inclusion = inclusions[i];
    if (!inclusion) return [];
    const event = leafEventOf(each);
    if (!leafHash(leafText(event)).equals(inclusion.leaf)) throw changed(each);
    return [{ index: inclusion.index, event, path: inclusion.path.map(hash => hash.toString('hex')) }];
  });
  if (proven.length === 0) throw notCovered(head);
  return {
    text: proofText({ format: HEAD_FORMAT, ...head }, proven),
    events: proven.length,
    left: stored.length - proven.length,
  };
}

async function eventsOf({ client, reads, workspaceId, of }: ExportOptions): Promise<readonly StoredEvent[]> {
  const [category, id] = of.split('/');
  if (category !== undefined && id !== undefined)
    return streamOf(client, streamName(category, workspaceId, id), of);
  const [row] = await reads.read(
    sql`SELECT record_type, record_id, revision FROM crm.timeline WHERE workspace_id = ${workspaceId} AND id = ${of}::uuid`,
  );
  if (!row) throw nothingOf(of);
  const [recordType, recordId, revision] = row as [string, string, number]; // by the columns' types
  return streamOf(client, streamName(recordType, workspaceId, recordId), of, revision);
}

async function streamOf(
  client: EventStoreDBClient,
  stream: string,
  of: string,
  revision?: number,
): Promise<readonly StoredEvent[]> {
  const one = revision !== undefined && { fromRevision: BigInt(revision), maxCount: 1 };
  const events: StoredEvent[] = [];
  try {
    for await (const { event } of client.readStream(stream, { requiresLeader: true, ...one }))
      if (event) events.push(event);
  } catch (error) {
    if (error instanceof StreamNotFoundError) throw nothingOf(of);
    throw error;
  }
  return events;
}

const nothingOf = (of: string) =>
  fatal('NO_SUCH_EVENT', `There is no event ${of}; give an event's id, or a record as opportunity/ID.`);

const noHead = (size: number | undefined) =>
  size === undefined
    ? fatal(
        'NO_HEAD',
        'No tree head is signed yet; one comes after 1,000 events or 10 minutes (RELATA_HEAD_EVENTS, RELATA_HEAD_MINUTES).',
      )
    : fatal('NO_HEAD', `There is no tree head of ${size} events; GraphQL's treeHeads lists them.`);

const notCovered = ({ size, signedAt }: WitnessedHead) =>
  fatal(
    'NOT_COVERED',
    `The head of ${size} events, signed at ${signedAt}, doesn't cover it yet; wait for the next one, or name a later one with --head.`,
  );

const changed = ({ type, revision, streamId }: StoredEvent) =>
  fatal(
    'CHANGED',
    `${type} at revision ${revision} of ${streamId} is not as it was when the tree was made; run relata verify.`,
  );
