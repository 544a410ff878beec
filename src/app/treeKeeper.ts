/**
 * The keeper of the trees in the projector's thread: it works while this instance projects and has caught up, so that one
 * process signs and catching up isn't slowed. Heads go on to the witness as they come by.
 */
import type { Config } from '../config.ts';
import type { KeyringOptions } from '../eventstore/personal/keyring.ts';
import { backOff } from '../projections/engine/backOff.ts';
import { failureOf } from '../projections/engine/failure.ts';
import type { ProjectorStatus } from '../projections/engine/projector.ts';
import type { Companion, CompanionModule, CompanionThread } from '../projections/engine/workerMessages.ts';
import { signerOf } from '../proof/head.ts';
import { type HeadEvery, keepTrees, systemClock } from '../proof/keeper.ts';
import { isMismatch } from '../proof/keptTrees.ts';
import { storedLog } from '../proof/storedLog.ts';
import { resetTrees } from '../proof/treeStore.ts';
import { readSigningKey } from '../runtime/signingKey.ts';
import { keysOf } from './keys.ts';
import { startWitness } from './witness.ts';
import { openWriteSide } from './writeSide.ts';

type Options = {
  readonly dataDir: string;
  readonly keys: KeyringOptions;
  readonly every: HeadEvery;
  readonly signingKey?: string | undefined;
  readonly witnessDir?: string | undefined;
  readonly timestampUrl?: string | undefined;
};

const MINUTE = 60_000;

/** For `startProjectorWorker`. */
export function treeKeeperOf(config: Config, masterKey: Uint8Array): CompanionModule {
  const { dataDir, treeHeads, signingKey, witnessDir, timestampUrl } = config;
  const every = { events: treeHeads.events, ms: treeHeads.minutes * MINUTE };
  const keys = keysOf(config, masterKey);
  const options: Options = { dataDir, keys, every, signingKey, witnessDir, timestampUrl };
  return { url: import.meta.url, options };
}

export const companion: Companion<Options> = async (thread, options) => {
  const { pool, client, eventStoreUrl, postgresUrl, projector } = thread;
  const logger = thread.logger.child({ companion: 'treeKeeper' });
  const stopping = new AbortController();
  const writeSide = await openWriteSide({ eventStoreUrl, postgresUrl, keys: options.keys });
  const { witnessDir, timestampUrl } = options;
  const witness =
    witnessDir === undefined
      ? undefined
      : startWitness({ ...thread, logger }, { dir: witnessDir, timestampUrl });

  /** @returns whether it is to be tried again. */
  const turn = async (signal: AbortSignal, turns: { anew: boolean }): Promise<boolean> => {
    try {
      await keepTrees(
        {
          pool,
          log: storedLog(client),
          dispatch: writeSide.dispatch,
          signer: async () => signerOf(await readSigningKey(options.dataDir, options.signingKey)),
          every: options.every,
          clock: systemClock,
          logger,
          onHead: ({ point }) => witness?.look(point.commit),
        },
        signal,
      );
    } catch (error) {
      if (signal.aborted) return true;
      if (isMismatch(error) && !turns.anew) {
        // Either the trees in Postgres are wrong, or the log was changed: made anew from the log they say which.
        logger.warn({ err: error }, 'the trees are made anew from the log');
        turns.anew = true;
        await resetTrees(pool);
        return true;
      }
      if (isMismatch(error) || failureOf(error)) {
        logger.error(
          { err: error, code: isMismatch(error) ? 'TREE_MISMATCH' : undefined },
          'no tree heads are signed',
        );
        return false;
      }
      logger.warn({ err: error }, 'the keeper of the trees begins again');
    }
    return true;
  };
  const run = async () => {
    const ownership = ownershipOf(projector, stopping.signal);
    const turns = { anew: false };
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      const owning = await ownership.begun();
      witness?.look(projector.status().position); // what was signed while there was none, or it could not be written
      if (!(await turn(owning, turns))) return;
      if (!owning.aborted) await backOff(attempt, stopping.signal);
    }
  };

  const running = run();
  return {
    close: async () => {
      stopping.abort();
      await Promise.all([running, witness?.close()]);
      await writeSide.close();
    },
  };
};

/** Says when this instance projects and has caught up. */
function ownershipOf(projector: CompanionThread['projector'], stopping: AbortSignal) {
  let owned: AbortController | undefined;
  let changed = Promise.withResolvers<void>();
  const look = ({ state }: ProjectorStatus) => {
    if (state === 'live') owned ??= new AbortController();
    else if (state !== 'catchingUp') {
      owned?.abort();
      owned = undefined;
    }
    changed.resolve();
    changed = Promise.withResolvers();
  };
  stopping.addEventListener('abort', () => changed.resolve(), { once: true });
  projector.onStatus(look);
  look(projector.status());
  return {
    /** Resolves once it does. @returns what aborts when it no longer projects, or is to end. */
    begun: async (): Promise<AbortSignal> => {
      while (!owned && !stopping.aborted) await changed.promise;
      return owned ? AbortSignal.any([owned.signal, stopping]) : stopping;
    },
  };
}
