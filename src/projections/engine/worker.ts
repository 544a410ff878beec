/** Entry of the projector's thread: it decodes, folds and writes here, so that no request waits for it. */
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { loadCatalog } from '../../eventstore/catalog.ts';
import { connectEventStore, disconnect } from '../../eventstore/client.ts';
import { createCodec } from '../../eventstore/codec.ts';
import { openKeyring } from '../../eventstore/personal/keyring.ts';
import { openVault } from '../../eventstore/personal/vault.ts';
import { loadReadModels } from '../catalog.ts';
import { eventStoreSource } from './eventStoreSource.ts';
import { failureOf } from './failure.ts';
import { sessionName } from './lease.ts';
import { createLogger } from './logger.ts';
import { type Projector, startProjector } from './projector.ts';
import type { Companion, CompanionModule, FromWorker, ToWorker, WorkerOptions } from './workerMessages.ts';

const port = parentPort;
if (!port) throw new Error('this file is the entry of a worker thread');
const options = workerData as WorkerOptions; // given by projectorWorker.ts
const tell = (message: FromWorker) => port.postMessage(message);

const logger = createLogger(options.logLevel, 'projector');
const pool = new pg.Pool({
  connectionString: options.postgresUrl,
  max: 4,
  application_name: sessionName(options.instance),
});
pool.on('error', error => logger.warn({ err: error }, 'an idle connection to Postgres broke'));
const client = connectEventStore(options.eventStoreUrl);

try {
  const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
  const { decode } = createCodec(catalog, await openVault(pool, openKeyring(options.keys)));
  const source = eventStoreSource(client, decode);
  const projector = await startProjector({
    pool,
    source,
    models,
    logger,
    instance: options.instance,
    onBatch: events => tell({ kind: 'batch', events }),
  });
  projector.onStatus(status => tell({ kind: 'status', status }));
  const companions = await Promise.all((options.companions ?? []).map(each => begin(each, projector)));
  port.on('message', (message: ToWorker) => obey(projector, companions, message));
  tell({ kind: 'status', status: projector.status() });
  tell({ kind: 'ready' });
} catch (error) {
  const failure = failureOf(error);
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: 'refused', message, ...(failure && { failure }) });
  await end();
}

type Running = Awaited<ReturnType<Companion<unknown>>>;

async function begin({ url, options: given }: CompanionModule, projector: Projector): Promise<Running> {
  const { companion } = (await import(url)) as { readonly companion: Companion<unknown> }; // as CompanionModule says
  const { eventStoreUrl, postgresUrl } = options;
  return companion({ pool, client, eventStoreUrl, postgresUrl, projector, logger }, given);
}

async function obey(projector: Projector, companions: readonly Running[], message: ToWorker): Promise<void> {
  if (message.kind === 'close') {
    await Promise.all(companions.map(each => each.close()));
    await projector.close();
    return end();
  }
  const { id, model } = message;
  try {
    await projector.rebuild(model);
    tell({ kind: 'answer', id });
  } catch (error) {
    tell({ kind: 'answer', id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function end(): Promise<void> {
  await disconnect(client);
  await pool.end();
  process.exit(); // this thread alone: what the client's connections still hold must not keep it
}
