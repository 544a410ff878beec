/** A process that appends a generated log to a running event store, whatever else is in it. */
import type { EventStoreDBClient, Position } from '@eventstore/db-client';
import { loadCatalog } from '../../src/eventstore/catalog.ts';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { appendAll } from './append.ts';
import { serve } from './child.ts';
import { type Append, generateLog, type LogShape } from './generate.ts';
import { createSealer } from './seal.ts';

export type NodeFillJob = { readonly eventStoreUrl: string; readonly shape: LogShape };
export type Filled = {
  /** Of the last event before it; nothing where there was none. */
  readonly from: Position | undefined;
  /** The commit position of its last event. */
  readonly position: bigint;
  readonly events: number;
  /** The names of its first streams. */
  readonly streams: readonly string[];
};

const STREAMS = 1_000;

serve(async ({ eventStoreUrl, shape }: NodeFillJob): Promise<Filled> => {
  const sealer = createSealer(await loadCatalog());
  const client = connectEventStore(eventStoreUrl);
  const from = await endOf(client);
  const streams: string[] = [];
  const filled = await appendAll(client, noting(streams, generateLog(sealer, shape)));
  await client.dispose();
  return { ...filled, from, streams };
});

async function endOf(client: EventStoreDBClient): Promise<Position | undefined> {
  let position: Position | undefined;
  const last = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 });
  for await (const { event } of last) position = event?.position;
  return position;
}

function* noting(streams: string[], log: Iterable<Append>): Generator<Append> {
  for (const append of log) {
    if (append.revision < 0 && streams.length < STREAMS) streams.push(append.stream);
    yield append;
  }
}
