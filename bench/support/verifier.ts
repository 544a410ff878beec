/** A process that verifies as `relata verify` does, once it has been started. */
import { keysOf } from '../../src/app/keys.ts';
import { loadCatalog } from '../../src/eventstore/catalog.ts';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { createCodec } from '../../src/eventstore/codec.ts';
import { loadReadModels } from '../../src/projections/catalog.ts';
import { openReadPool } from '../../src/projections/query/readPool.ts';
import { verify } from '../../src/proof/verify/verify.ts';
import { readMasterKey } from '../../src/runtime/dataFolder.ts';
import { keepHeapSmall } from '../../src/runtime/smallHeap.ts';
import { serve } from './child.ts';
import { noKeys } from './plain.ts';

export type VerifyJob = {
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly dataDir: string;
};

export type Verified = { readonly events: number; readonly events_per_s: number };

keepHeapSmall();

serve(async ({ eventStoreUrl, postgresUrl, dataDir }: VerifyJob): Promise<Verified> => {
  const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
  const client = connectEventStore(eventStoreUrl);
  const pool = openReadPool({ url: postgresUrl, size: 1 });
  const begun = performance.now();
  const { events, ok, findings } = await verify({
    client,
    pool,
    eventStoreUrl,
    postgresUrl,
    codec: createCodec(catalog, noKeys), // the log that is made here needs none
    keys: keysOf({ dataDir, wrappingKeys: [] }, await readMasterKey(dataDir, undefined)),
    models,
    witnessed: [],
    told: () => undefined,
    signal: new AbortController().signal,
  });
  const seconds = (performance.now() - begun) / 1_000;
  if (!ok) throw new Error(`the log didn't verify: ${findings[0]?.message}`);
  await pool.end();
  await client.dispose();
  return { events, events_per_s: events / seconds };
});
