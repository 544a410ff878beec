/** A process with the two stores and nothing else: what a start can't do without, and what memory goes into them. */
import pino from 'pino';
import { openDataFolder } from '../../src/runtime/dataFolder.ts';
import { startStores } from '../../src/runtime/stores.ts';
import { serve } from './child.ts';

export type StoresJob = { readonly dir: string };

let started: Promise<{ readonly close: () => Promise<void> }> | undefined;

async function start({ dir }: StoresJob) {
  const folder = await openDataFolder({ dir, appVersion: 'bench', now: () => new Date() });
  const stores = await startStores({}, folder, pino({ level: 'silent' }));
  return {
    close: async () => {
      await stores.close();
      await folder.close();
    },
  };
}

serve(
  async (job: StoresJob): Promise<object> => {
    started = start(job);
    await started;
    return {};
  },
  async () => {
    const stores = await started?.catch(() => undefined); // what failed has been told, and has been undone
    await stores?.close();
  },
);
