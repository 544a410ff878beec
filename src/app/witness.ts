/** The witness that is written to by itself: woken by each head that comes by, and tried again until it has them all. */
import { backOff } from '../projections/engine/backOff.ts';
import type { CompanionThread } from '../projections/engine/workerMessages.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { openSession } from '../projections/query/session.ts';
import { headFilesAt } from '../proof/headFiles.ts';
import { requestTimestamp } from '../proof/timestamp.ts';
import { exportHeads } from '../proof/witness.ts';
import { aborted } from '../runtime/aborted.ts';
import { isFatal } from '../runtime/fatal.ts';

export type WitnessWriter = {
  /** Heads up to this position are to be there; once the read models show them. */
  readonly look: (position: bigint) => void;
  readonly close: () => Promise<void>;
};

type Options = { readonly dir: string; readonly timestampUrl?: string | undefined };

export function startWitness(thread: CompanionThread, { dir, timestampUrl }: Options): WitnessWriter {
  const { postgresUrl, projector, logger } = thread;
  const stopping = new AbortController();
  const pool = openReadPool({ url: postgresUrl, size: 1 });
  let wanted: bigint | undefined;
  let wake = Promise.withResolvers<void>();
  projector.onStatus(() => wake.resolve());

  const write = async () => {
    const session = openSession({ pool, waitFor: async () => undefined }, '');
    try {
      const written = await exportHeads({
        reads: session,
        to: await headFilesAt(`${dir}/`),
        ...(timestampUrl && { stamp: bytes => requestTimestamp(timestampUrl, bytes) }),
        onUnstamped: ({ size }, err) => logger.warn({ err, size }, 'a tree head has no time stamp'),
      });
      if (written > 0) logger.info({ heads: written }, 'tree heads written for the witness');
    } finally {
      session.end();
    }
  };
  const run = async () => {
    for (let attempt = 0; !stopping.signal.aborted; ) {
      if (wanted === undefined || projector.status().position < wanted) {
        await Promise.race([wake.promise, aborted(stopping.signal).catch(() => undefined)]);
        wake = Promise.withResolvers();
        continue;
      }
      const upTo = wanted;
      try {
        await write();
        attempt = 0;
        if (wanted === upTo) wanted = undefined;
      } catch (error) {
        if (isFatal(error)) logger.error({ code: error.code }, error.message);
        else logger.warn({ err: error }, 'the witness could not be written');
        if (isFatal(error))
          wanted = undefined; // until the next head: trying again changes nothing
        else await backOff(attempt++, stopping.signal);
      }
    }
  };

  const running = run();
  return {
    look: position => {
      wanted = position;
      wake.resolve();
    },
    close: async () => {
      stopping.abort();
      await running;
      await pool.end();
    },
  };
}
