/** A process that reads a log from its beginning to its end, and then its streams, one whole one after the other. */
import { type EventStoreDBClient, START } from '@eventstore/db-client';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { serve } from './child.ts';
import type { Filled } from './nodeFill.ts';

export type NodeReadsJob = Filled & { readonly eventStoreUrl: string };
export type ReadFigures = { readonly all_events_per_s: number; readonly stream_reads_per_s: number };

serve(async ({ eventStoreUrl, from, events, streams }: NodeReadsJob): Promise<ReadFigures> => {
  const client = connectEventStore(eventStoreUrl);
  await readStream(client, streams[0] ?? ''); // opens the connection
  const all = await perSecond(events, async () => {
    let read = 0;
    for await (const _ of client.readAll({ fromPosition: from ?? START, maxCount: events })) read++;
    if (read !== events) throw new Error(`${read} events of ${events} were read`);
  });
  const reads = await perSecond(streams.length, async () => {
    for (const stream of streams) await readStream(client, stream);
  });
  await client.dispose();
  return { all_events_per_s: all, stream_reads_per_s: reads };
});

async function readStream(client: EventStoreDBClient, stream: string): Promise<void> {
  let read = 0;
  for await (const _ of client.readStream(stream)) read++;
  if (read === 0) throw new Error(`${stream} is empty`);
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return count / ((performance.now() - begun) / 1_000);
}
