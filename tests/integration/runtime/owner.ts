/**
 * A process of its own that owns a data folder and, with `postgres`, a running Postgres: what tests kill.
 * Usage: node owner.ts FOLDER folder|postgres. Prints one line of JSON when ready and stays until it is ended.
 */
import pino from 'pino';
import { openDataFolder } from '../../../src/runtime/dataFolder.ts';
import { isFatal } from '../../../src/runtime/fatal.ts';
import { startEmbeddedPostgres } from '../../../src/runtime/postgres.ts';

const [dir = '', what] = process.argv.slice(2);

async function main() {
  const folder = await openDataFolder({ dir, appVersion: '0.0.0-test', now: () => new Date() });
  const postgres =
    what === 'postgres' ? await startEmbeddedPostgres({ dir, logger: pino({ level: 'silent' }) }) : undefined;
  await folder.announce({
    url: 'http://127.0.0.1:0',
    eventStoreUrl: '',
    postgresUrl: postgres?.url ?? '',
    startedAt: new Date().toISOString(),
  });
  process.once('SIGTERM', async () => {
    await postgres?.close();
    await folder.close();
    process.exit(0);
  });
  process.once('SIGUSR2', () => process.exit(3));
  process.stdout.write(`${JSON.stringify({ ready: { url: postgres?.url ?? '' } })}\n`);
  setInterval(() => undefined, 60_000);
}

main().catch((error: unknown) => {
  if (!isFatal(error)) throw error;
  process.stdout.write(`${JSON.stringify({ refused: { code: error.code, message: error.message } })}\n`);
  process.exit(1);
});
