/** `relata undo`: takes back what a series of commands did, such as an import. */
import { attach } from '../app/attach.ts';
import { DEFAULT_WORKSPACE, SEEDED_OWNER } from '../app/owner.ts';
import { undoServiceOf } from '../commands/undo/series.ts';
import { loadConfig } from '../config.ts';
import type { Position } from '../eventstore/envelope.ts';
import { type Connection, UNDO_USAGE, undoCommand } from '../integrations/undo/cli.ts';
import { nothingParked, readParkedIndex } from '../projections/engine/parkedIndex.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { openSession } from '../projections/query/session.ts';
import { abortOnSignals, type CliCommand } from './command.ts';

/** Counting a long series may take its time. */
const STATEMENT_MS = 120_000;

export const undo: CliCommand = {
  kind: 'cliCommand',
  name: 'undo',
  usage: UNDO_USAGE,
  summary: 'Take back an import or a command; what was edited since is left alone and listed',
  run: async args => {
    const signal = abortOnSignals();
    return undoCommand({
      args,
      // npm runs its scripts in the package's folder and says where it was called.
      cwd: process.env.INIT_CWD ?? process.cwd(),
      context: { workspaceId: DEFAULT_WORKSPACE, actor: SEEDED_OWNER },
      connect: () => connect(signal),
      now: () => new Date(),
      out: process.stdout,
      err: process.stderr,
      signal,
    });
  },
};

async function connect(signal: AbortSignal): Promise<Connection> {
  const { writeSide, visible, postgresUrl, close } = await attach(
    loadConfig({ RELATA_LOG_LEVEL: 'warn', ...process.env }),
    signal,
  );
  const pool = openReadPool({ url: postgresUrl, size: 1, statementTimeoutMs: STATEMENT_MS });
  let isLacking = false;
  let index = nothingParked;
  const parked = {
    index: () => index,
    onRead: () => {
      isLacking = true;
    },
  };
  return {
    ...undoServiceOf(writeSide),
    visible,
    isLacking: () => isLacking,
    read: async query => {
      index = await readParkedIndex(pool);
      const waitFor = (position: Position) => visible(position, signal);
      const session = openSession({ pool, waitFor, parked }, DEFAULT_WORKSPACE);
      try {
        return await query(session);
      } finally {
        session.end();
      }
    },
    close: async () => {
      await pool.end();
      await close();
    },
  };
}
