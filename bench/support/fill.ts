/** A process that fills the event store of a data folder which no app runs on, and leaves. */
import pino from 'pino';
import { loadCatalog } from '../../src/eventstore/catalog.ts';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { openDataFolder } from '../../src/runtime/dataFolder.ts';
import { startEventStore } from '../../src/runtime/eventStore.ts';
import { appendAll } from './append.ts';
import { serve } from './child.ts';
import { generateLog, type LogShape } from './generate.ts';
import { createSealer } from './seal.ts';

export type FillJob = { readonly dir: string; readonly shape: LogShape };

serve(async ({ dir, shape }: FillJob) => {
  const sealer = createSealer(await loadCatalog());
  const folder = await openDataFolder({ dir, appVersion: 'bench', now: () => new Date() });
  const store = await startEventStore(dir, pino({ level: 'silent' }));
  const client = connectEventStore(store.url);
  const filled = await appendAll(client, generateLog(sealer, shape));
  await client.dispose();
  await store.close();
  await folder.close();
  return filled;
});
