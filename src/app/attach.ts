/** For commands of the CLI: the running instance of the data folder, or the stores started for the command alone. */
import type { Config } from '../config.ts';
import type { Position } from '../eventstore/envelope.ts';
import { openVisibility } from '../projections/engine/visibility.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { readMasterKey } from '../runtime/dataFolder.ts';
import { readRunningInstance } from '../runtime/instance.ts';
import { createClosing } from './closing.ts';
import { createLogger, startInstance } from './instance.ts';
import { openWriteSide, type WriteSide } from './writeSide.ts';

export type Attached = {
  readonly writeSide: WriteSide;
  readonly postgresUrl: string;
  /** Resolves once the read models show the position. */
  readonly visible: (position: Position) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Read models that have fallen behind catch up in their own time; the caller is told by the wait itself. */
const PATIENCE_MS = 24 * 60 * 60 * 1_000;

export async function attach(config: Config): Promise<Attached> {
  const running = await readRunningInstance(config.dataDir);
  if (!running) {
    const instance = await startInstance({ config: { ...config, roles: ['projector'] }, development: false });
    const { writeSide, postgresUrl, close } = instance;
    return { writeSide, postgresUrl, visible: shown(instance.visibility), close };
  }
  const closing = createClosing();
  try {
    const { eventStoreUrl, postgresUrl } = running;
    const masterKey = await readMasterKey(config.dataDir, config.masterKey);
    const writeSide = await openWriteSide({ eventStoreUrl, masterKey });
    closing.add(writeSide.close);
    const pool = openReadPool({ url: postgresUrl, size: 2 });
    closing.add(() => pool.end());
    const visibility = await openVisibility({ pool, logger: createLogger(config.logLevel) });
    closing.add(visibility.close);
    return { writeSide, postgresUrl, visible: shown(visibility), close: closing.close };
  } catch (error) {
    await closing.close();
    throw error;
  }
}

const shown =
  ({ waitFor }: Pick<Awaited<ReturnType<typeof openVisibility>>, 'waitFor'>) =>
  async (position: Position): Promise<void> => {
    await waitFor(position, PATIENCE_MS);
  };
