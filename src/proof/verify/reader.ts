/**
 * Reads a part of the log: checks the chains of its streams, hashes leaves, and folds the rows that belong to them. A row
 * belongs to one stream, so what is folded of the parts is added up.
 */
import pg from 'pg';
import { loadCatalog } from '../../eventstore/catalog.ts';
import { connectEventStore, disconnect } from '../../eventstore/client.ts';
import { type Codec, createCodec } from '../../eventstore/codec.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import { openKeyring } from '../../eventstore/personal/keyring.ts';
import { openVault } from '../../eventstore/personal/vault.ts';
import { loadReadModels } from '../../projections/catalog.ts';
import { sumFolded } from '../../projections/engine/checkRows.ts';
import { HASH_BYTES } from '../merkle.ts';
import { type Flow, readPart, type StoredLogEvent } from '../storedLog.ts';
import { createExaminer } from './examine.ts';
import type { FromReader, Leaves, ReaderOptions, ToReader } from './readerMessages.ts';
import type { Leaf } from './trees.ts';

const BATCH = 1_000;
/** Batches that may wait for the other parts, which have earlier leaves. */
const MOST_AHEAD = 200;

export type Reader = {
  /** Resolves when all has been told. @throws what reading fails with. */
  readonly done: Promise<void>;
  readonly hear: (message: ToReader) => void;
};

export function startReader(
  options: ReaderOptions,
  tell: (message: FromReader, transfer: ArrayBuffer[]) => void,
  signal: AbortSignal,
): Reader {
  let ahead = 0;
  let flow: Flow | undefined;
  const sent = () => {
    ahead += 1;
    if (ahead === MOST_AHEAD) flow?.pause();
  };
  return {
    done: read(options, tell, sent, signal, ready => {
      flow = ready;
    }),
    hear: ({ batches }) => {
      const was = ahead;
      ahead -= batches;
      if (was >= MOST_AHEAD && ahead < MOST_AHEAD) flow?.resume();
    },
  };
}

async function read(
  { eventStoreUrl, postgresUrl, keys, part, from, end, only, rows, salt }: ReaderOptions,
  tell: (message: FromReader, transfer: ArrayBuffer[]) => void,
  sent: () => void,
  signal: AbortSignal,
  onReady: (flow: Flow) => void,
): Promise<void> {
  const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
  const examiner = createExaminer({ add: finding => tell({ kind: 'finding', finding }, []) }, only);
  const folded = sumFolded(models, rows, salt);
  const upTo = rows.reduce((most, each) => (each.upTo > most ? each.upTo : most), -1n);
  let batch = newBatch();
  let events = 0;
  const send = () => {
    tell({ kind: 'leaves', leaves: batch.leaves() }, batch.buffers);
    batch = newBatch();
    sent();
  };
  const handle = (codec: Pick<Codec, 'decode'>) => async (read: readonly StoredLogEvent[]) => {
    const toFold: StoredLogEvent[] = [];
    for (const event of read) {
      const found = examiner.examine(event);
      if (!found) continue;
      events += 1;
      batch.add(found.workspaceId, found.leaf);
      if (batch.size() === BATCH) send();
      if (event.point.commit <= upTo) toFold.push(event);
    }
    for (const event of await decodedOf(codec, toFold)) folded.add(event);
  };
  const client = connectEventStore(eventStoreUrl);
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2, application_name: 'relata verify' });
  pool.on('error', () => undefined); // the query that comes next fails with the reason
  try {
    const codec = createCodec(catalog, await openVault(pool, openKeyring(keys)));
    await readPart(client, part, from, end, handle(codec), signal, onReady);
    send();
    tell({ kind: 'done', events, streams: examiner.streams(), lanes: folded.finish() }, []);
  } finally {
    examiner.close();
    folded.close();
    await disconnect(client);
    await pool.end();
  }
}

/** Events as read models are folded of them. */
export async function decodedOf(
  { decode }: Pick<Codec, 'decode'>,
  events: readonly StoredLogEvent[],
): Promise<readonly RecordedEvent[]> {
  const all = await decode(events.map(({ stored, point }) => ({ ...stored, position: point })));
  return all.flatMap(each => (each.kind === 'event' ? [each.event] : []));
}

function newBatch() {
  const workspace = new Uint16Array(BATCH);
  const positions = new BigInt64Array(BATCH);
  const hashes = new Uint8Array(BATCH * HASH_BYTES);
  const workspaces: string[] = [];
  const says: { at: number; type: string; data: unknown }[] = [];
  let size = 0;
  return {
    size: () => size,
    add: (workspaceId: string, leaf: Leaf) => {
      const known = workspaces.indexOf(workspaceId);
      workspace[size] = known < 0 ? workspaces.push(workspaceId) - 1 : known;
      positions[size] = leaf.position;
      hashes.set(leaf.hash, size * HASH_BYTES);
      if (leaf.says) says.push({ at: size, ...leaf.says });
      size += 1;
    },
    leaves: (): Leaves => ({
      workspace: workspace.subarray(0, size),
      workspaces,
      positions: positions.subarray(0, size),
      hashes: hashes.subarray(0, size * HASH_BYTES),
      says,
    }),
    buffers: [workspace.buffer, positions.buffer, hashes.buffer],
  };
}
