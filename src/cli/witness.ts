/** `relata witness`: writes the tree heads to a place that somebody else keeps. */
import { parseArgs } from 'node:util';
import { attach } from '../app/attach.ts';
import { loadConfig } from '../config.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { openSession } from '../projections/query/session.ts';
import { headFilesAt } from '../proof/headFiles.ts';
import { endOfLog } from '../proof/storedLog.ts';
import { requestTimestamp } from '../proof/timestamp.ts';
import { exportHeads } from '../proof/witness.ts';
import { fatal } from '../runtime/fatal.ts';
import { abortOnSignals, type CliCommand, pathFrom } from './command.ts';

export const witness: CliCommand = {
  kind: 'cliCommand',
  name: 'witness',
  usage: '--to PLACE',
  summary: 'Write the signed tree heads that are not there yet to a folder or a file of another keeper',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { to: { type: 'string' } } });
    if (values.to === undefined)
      throw fatal('ARGUMENTS', 'Say with --to where: a folder, or a file ending in .jsonl.');
    const signal = abortOnSignals();
    const config = loadConfig({ RELATA_LOG_LEVEL: 'fatal', ...process.env });
    const { writeSide, postgresUrl, visible, close } = await attach(config, signal);
    const pool = openReadPool({ url: postgresUrl, size: 1 });
    const reads = openSession({ pool, waitFor: async () => undefined }, '');
    try {
      await visible(await endOfLog(writeSide.client), signal);
      const { timestampUrl } = config;
      const written = await exportHeads({
        reads,
        to: await headFilesAt(pathFrom(values.to)),
        ...(timestampUrl && { stamp: (bytes: Uint8Array) => requestTimestamp(timestampUrl, bytes) }),
        onUnstamped: ({ size }, error) =>
          console.error(
            `The head of ${size} events has no time stamp: ${error instanceof Error ? error.message : error}`,
          ),
      });
      console.log(`${written} tree ${written === 1 ? 'head was' : 'heads were'} written to ${values.to}.`);
      return 0;
    } finally {
      reads.end();
      await pool.end();
      await close();
    }
  },
};
