/** The write side put together: an event store client, the codec and dispatch, for any process that sends commands. */
import pg from 'pg';
import { type Authorise, createPipeline } from '../commands/dispatch.ts';
import { createStreams } from '../commands/streams.ts';
import { createUndo } from '../commands/undo/series.ts';
import { loadCatalog } from '../eventstore/catalog.ts';
import { connectEventStore, disconnect } from '../eventstore/client.ts';
import { createCodec } from '../eventstore/codec.ts';
import { keyedHash } from '../eventstore/hash.ts';
import { type KeyringOptions, openKeyring } from '../eventstore/personal/keyring.ts';
import { openVault } from '../eventstore/personal/vault.ts';
import type { AppMetrics } from './metrics/metrics.ts';

/** Until there are roles, whoever reaches the server, which listens on this machine alone, is its owner. */
const ownerMayAll: Authorise = () => undefined;

/** Commands ask for keys of persons, and append in any case: a few connections are enough. */
const VAULT_CONNECTIONS = 8;

/** The database must be migrated. @throws a `VaultError` when its keys are wrapped by one that isn't here. */
export async function openWriteSide(options: {
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /** Keyed hashes of inputs and reservations come from the master key, so it never changes. */
  readonly keys: KeyringOptions;
  readonly metrics?: AppMetrics;
}) {
  const { metrics } = options;
  const masterKey = Buffer.from(options.keys.masterKey);
  const pool = new pg.Pool({
    connectionString: options.postgresUrl,
    max: VAULT_CONNECTIONS,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    application_name: 'relata vault',
    // A key is on the disk before the first event that needs it, whatever the server does by default.
    options: '-c synchronous_commit=on',
  });
  pool.on('error', () => undefined); // the query that comes next fails with the reason
  const client = connectEventStore(options.eventStoreUrl);
  const close = async () => {
    await disconnect(client);
    await pool.end();
  };
  try {
    const catalog = await loadCatalog();
    const vault = await openVault(pool, openKeyring(options.keys));
    const codec = createCodec(catalog, vault);
    const streams = createStreams({ client, codec, ...(metrics && { onAppend: metrics.appended }) });
    const parts = {
      catalog,
      codec,
      streams,
      authorise: ownerMayAll,
      eraseKey: vault.erase,
      hashInput: keyedHash(masterKey, 'command-input'),
      hashValue: keyedHash(masterKey, 'reservation'),
      now: () => new Date(),
      random: Math.random,
    };
    const pipeline = createPipeline(parts);
    return {
      catalog,
      client,
      codec,
      streams,
      dispatch: metrics ? metrics.countedDispatch(pipeline.dispatch, catalog) : pipeline.dispatch,
      undo: createUndo({ ...parts, ...pipeline }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type WriteSide = Awaited<ReturnType<typeof openWriteSide>>;
