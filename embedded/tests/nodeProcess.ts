/** A node in a process of its own, for tests that kill it: `node nodeProcess.ts DATA_DIR`. Tells its parent where it is. */
import { startEmbeddedEventStore } from '../src/index.ts';

const store = await startEmbeddedEventStore({ dataDir: process.argv[2] ?? '' });
process.send?.(store.connectionString);
