/** The write side as one process has it, on any client. */
import { expect } from 'vitest';
import { type Authorise, type CommandResult, createPipeline } from '../../src/commands/dispatch.ts';
import type { CommandError } from '../../src/commands/errors.ts';
import { createStreams, type StreamClient } from '../../src/commands/streams.ts';
import { createUndo } from '../../src/commands/undo/series.ts';
import type { CommandContext, CommandRequest } from '../../src/commands/wish.ts';
import { loadCatalog } from '../../src/eventstore/catalog.ts';
import { createCodec } from '../../src/eventstore/codec.ts';
import { keyedHash } from '../../src/eventstore/hash.ts';
import { NOW } from './decider.ts';
import { ANN } from './ids.ts';
import { type MemoryVault, memoryVault } from './memoryVault.ts';

export const catalog = await loadCatalog();
/** All processes of a test have the same. */
export const vault = memoryVault();
export const codec = createCodec(catalog, vault);
const key = Buffer.alloc(32, 1);

/** No two events are of the same instant, whichever process asks. */
let ticks = Date.parse(NOW);
const tick = () => new Date(ticks++);

export type WriteSideOptions = {
  readonly workspaceId?: string;
  readonly now?: () => Date;
  readonly random?: () => number;
  readonly authorise?: Authorise;
  readonly cacheSize?: number;
  readonly timeoutMs?: number;
  /** Instead of the one that all have. */
  readonly keys?: Pick<MemoryVault, 'forWriting' | 'forReading' | 'erase'>;
};

export function writeSide(client: StreamClient, options: WriteSideOptions = {}) {
  const { workspaceId = 'main', now = tick, random = () => 0, ...more } = options;
  const { authorise = () => undefined, keys, ...bounds } = more;
  const own = keys ? createCodec(catalog, keys) : codec;
  const streams = createStreams({ client, codec: own, ...bounds });
  const parts = {
    catalog,
    codec: own,
    streams,
    authorise,
    eraseKey: (keys ?? vault).erase,
    hashInput: keyedHash(key, 'command-input'),
    hashValue: keyedHash(key, 'reservation'),
    now,
    random,
  };
  const pipeline = createPipeline(parts);
  const { dispatch } = pipeline;
  const context: CommandContext = { workspaceId, actor: { type: 'user', id: ANN } };
  return {
    dispatch,
    undo: createUndo({ ...parts, ...pipeline }),
    context,
    streams,
    send: (name: string, input: object = {}, request: Omit<CommandRequest, 'name' | 'input'> = {}) =>
      dispatch({ name, input, ...request }, context),
  };
}

export type WriteSide = ReturnType<typeof writeSide>;
export type Success = Extract<CommandResult, { ok: true }>;

/** The answer of a command that must have been carried out. */
export async function carriedOut(result: Promise<CommandResult>): Promise<Success> {
  const answer = await result;
  if (!answer.ok) expect.fail(`refused: ${answer.error.code}, ${answer.error.message}`);
  return answer;
}

/** The error of a command that must have been refused. */
export async function refusedAs(result: Promise<CommandResult>): Promise<CommandError> {
  const answer = await result;
  if (answer.ok)
    expect.fail(`carried out: ${JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`);
  return answer.error;
}
