/** For commands of the CLI: the running instance of the data folder, or the stores started for the command alone. */
import { setInterval as every } from 'node:timers/promises';
import type { Readiness } from '../api/health.ts';
import type { Config } from '../config.ts';
import type { Position } from '../eventstore/envelope.ts';
import { createLogger } from '../projections/engine/logger.ts';
import { openVisibility, type Visibility } from '../projections/engine/visibility.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { aborted } from '../runtime/aborted.ts';
import { readMasterKey } from '../runtime/dataFolder.ts';
import { type FatalError, fatal } from '../runtime/fatal.ts';
import { type RunningInstance, readRunningInstance } from '../runtime/instance.ts';
import { createClosing } from './closing.ts';
import { asFatal, startInstance } from './instance.ts';
import { keysOf } from './keys.ts';
import { openWriteSide, type WriteSide } from './writeSide.ts';

export type Attached = {
  readonly writeSide: WriteSide;
  /** With credentials, as is the next: never log them. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /**
   * Resolves once the read models show the position. @throws FatalError when nobody is left to bring them there, or the
   * signal's reason.
   */
  readonly visible: (position: Position, signal?: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Read models that have fallen behind catch up in their own time; the caller is told by the wait itself. */
const PATIENCE_MS = 24 * 60 * 60 * 1_000;
const LOOK_MS = 1_000;

export const attach = async (config: Config, signal?: AbortSignal): Promise<Attached> => {
  const running = await readRunningInstance(config.dataDir);
  return running ? attachTo(running, config) : startAlone(config, signal);
};

async function startAlone(config: Config, signal: AbortSignal | undefined): Promise<Attached> {
  const instance = await startInstance({
    config: { ...config, roles: ['projector'] },
    development: false,
    ...(signal && { signal }),
  });
  const { writeSide, eventStoreUrl, postgresUrl, projector, visibility, failed, close } = instance;
  const stuck = Promise.withResolvers<Error>();
  failed.then(stuck.resolve);
  projector?.onStatus(({ state, failure }) => {
    if (state === 'failed') stuck.resolve(neverShown(failure?.message));
  });
  return { writeSide, eventStoreUrl, postgresUrl, visible: shown(visibility, () => stuck.promise), close };
}

async function attachTo(running: RunningInstance, config: Config): Promise<Attached> {
  const logger = createLogger(config.logLevel, 'main');
  const closing = createClosing(logger);
  try {
    const { eventStoreUrl, postgresUrl } = running;
    const masterKey = await readMasterKey(config.dataDir, config.masterKey);
    const keys = keysOf(config, masterKey);
    const writeSide = await openWriteSide({ eventStoreUrl, postgresUrl, keys });
    closing.add(writeSide.close);
    const pool = openReadPool({ url: postgresUrl, size: 2 });
    closing.add(() => pool.end());
    const visibility = await openVisibility({ pool, logger });
    closing.add(visibility.close);
    const stuck = (over: AbortSignal) => watch(running, config.dataDir, over);
    return { writeSide, eventStoreUrl, postgresUrl, visible: shown(visibility, stuck), close: closing.close };
  } catch (error) {
    await closing.close().catch(() => undefined); // it is logged, and what came first is told
    throw asFatal(error);
  }
}

/** @param stuck resolves, while `over` has not aborted, once waiting has become vain. */
const shown =
  (
    { waitFor }: Pick<Visibility, 'waitFor'>,
    stuck: (over: AbortSignal) => Promise<Error>,
  ): Attached['visible'] =>
  async (position, signal) => {
    const over = new AbortController();
    const vain = stuck(over.signal).then(reason => {
      throw reason;
    });
    vain.catch(() => undefined); // it may come when it is visible already
    try {
      await Promise.race([waitFor(position, PATIENCE_MS), vain, aborted(signal)]);
    } finally {
      over.abort();
    }
  };

/** Resolves when the instance has ended, or says that its projector has stopped for good. */
async function watch(running: RunningInstance, dataDir: string, over: AbortSignal): Promise<Error> {
  for await (const _ of every(LOOK_MS, undefined, { signal: over })) {
    if ((await readRunningInstance(dataDir))?.pid !== running.pid) return neverShown('Relata has ended');
    const projector = await partOf(running.url);
    if (projector?.lasting) return neverShown(projector.message);
  }
  throw over.reason;
}

/** Nothing where it doesn't answer: whether it has ended is seen otherwise. */
async function partOf(url: string): Promise<Readiness['parts'][string] | undefined> {
  try {
    const answer = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(LOOK_MS) });
    return ((await answer.json()) as Readiness).parts.projector; // as api/health.ts answers
  } catch {
    return undefined;
  }
}

const neverShown = (reason = 'the projector has stopped'): FatalError =>
  fatal(
    'NOT_SHOWN',
    `All that was sent is in the event store, but no read model shows it yet (${reason}); start Relata, and they catch up.`,
  );
