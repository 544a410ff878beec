/**
 * Reads a part of the log: checks the chains of its streams, hashes leaves, and folds the rows that belong to them. A row
 * belongs to one stream, so what is folded of the parts is added up.
 */
import { loadCatalog } from '../../eventstore/catalog.ts';
import { connectEventStore, disconnect } from '../../eventstore/client.ts';
import { createCodec } from '../../eventstore/codec.ts';
import { plainPersonalData } from '../../eventstore/personalData.ts';
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
  { eventStoreUrl, part, from, end, only, rows, salt }: ReaderOptions,
  tell: (message: FromReader, transfer: ArrayBuffer[]) => void,
  sent: () => void,
  signal: AbortSignal,
  onReady: (flow: Flow) => void,
): Promise<void> {
  const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
  const { decode } = createCodec(catalog, plainPersonalData);
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
  const each = (event: StoredLogEvent) => {
    const found = examiner.examine(event);
    if (!found) return;
    events += 1;
    batch.add(found.workspaceId, found.leaf);
    if (batch.size() === BATCH) send();
    if (event.point.commit > upTo) return;
    const decoded = decode({ ...event.stored, position: event.point });
    if (decoded.kind === 'event') folded.add(decoded.event);
  };
  const client = connectEventStore(eventStoreUrl);
  try {
    await readPart(client, part, from, end, each, signal, onReady);
    send();
    tell({ kind: 'done', events, streams: examiner.streams(), lanes: folded.finish() }, []);
  } finally {
    examiner.close();
    folded.close();
    await disconnect(client);
  }
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
