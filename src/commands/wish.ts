/** From a request as it came in to a wish that may be carried out: everything validated, every id settled. */
import { v7 as uuid7 } from 'uuid';
import { z } from 'zod';
import { streamName, WorkspaceId } from '../domain/kernel/aggregate.ts';
import { type Reference, referencesOf } from '../domain/kernel/references.ts';
import { Id, Instant } from '../domain/kernel/values.ts';
import { canonicalJson } from '../eventstore/canonical.ts';
import type { Catalog, Command } from '../eventstore/catalog.ts';
import type { Actor } from '../eventstore/envelope.ts';
import { idFrom } from '../eventstore/hash.ts';
import { type CommandError, type FieldIssue, validationError } from './errors.ts';

export type CommandRequest = {
  readonly name: string;
  readonly input: unknown;
  /** The record; absent on creates and singletons. */
  readonly id?: string | undefined;
  /** Chosen by the sender, so that it may send again; made here when absent. */
  readonly commandId?: string | undefined;
  /** The revision that the sender saw. */
  readonly ifRevision?: number | undefined;
  readonly occurredAt?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
};

export type CommandContext = { readonly workspaceId: string; readonly actor: Actor };

export type Wish = {
  readonly command: Command;
  readonly permission: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Records of other aggregates that the input names. */
  readonly references: readonly Reference[];
  readonly id: Id;
  readonly stream: string;
  readonly commandId: string;
  readonly inputHash: string;
  readonly ifRevision: number | undefined;
  readonly occurredAt: Instant | undefined;
  readonly correlationId: string;
  readonly causationId: string;
  readonly context: CommandContext;
};

/** Any visible ASCII: senders have their own ways of naming what they sent. */
export const CommandId = z
  .string()
  .max(100)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces');

const Common = z.object({
  id: Id.optional(),
  commandId: CommandId.optional(),
  ifRevision: z.int().min(0).optional(),
  occurredAt: Instant.optional(),
  correlationId: CommandId.optional(),
  causationId: CommandId.optional(),
});

/** The id of the record that a creating command makes: the same commandId meets the same stream again. */
export const createdId = (workspaceId: string, category: string, commandId: string): Id =>
  idFrom(workspaceId, category, commandId);

/** The id of a workspace's only aggregate of its kind. */
export const singletonId = (workspaceId: string, category: string): Id => idFrom(workspaceId, category);

/** Makes wishes of requests. `hashInput` is keyed, so that an input can't be guessed from the log. */
export function createWishes(catalog: Catalog, hashInput: (text: string) => Buffer) {
  const prepared = new Map([...catalog.commands.values()].map(command => [command.name, prepare(command)]));

  return (request: CommandRequest, context: CommandContext): Wish | CommandError => {
    const known = prepared.get(request.name);
    if (!known) return validationError([{ path: 'name', message: `there is no command ${request.name}` }]);
    const { command } = known;
    const common = Common.safeParse(request);
    const input = known.schema.safeParse(request.input ?? {});
    if (!common.success || !input.success) return validationError([...issuesOf(common), ...issuesOf(input)]);

    const { workspaceId } = context;
    if (!WorkspaceId.safeParse(workspaceId).success)
      return validationError([{ path: 'workspaceId', message: 'must be of a-z, 0-9 and -, at most 40' }]);
    const { category, singleton } = command.aggregate;
    const { commandId = uuid7(), occurredAt, ifRevision } = common.data;
    const id = command.declaration.creates
      ? createdId(workspaceId, category, commandId)
      : singleton
        ? singletonId(workspaceId, category)
        : common.data.id;
    if (!id) return validationError([{ path: 'id', message: `say which ${category}` }]);
    return {
      command,
      permission: command.declaration.permission ?? `${category}:${command.name}`,
      input: input.data,
      references: known.references(input.data),
      id,
      stream: streamName(category, workspaceId, id),
      commandId,
      inputHash: hashInput(canonicalJson([command.name, id, occurredAt ?? null, input.data])).toString('hex'),
      ifRevision,
      occurredAt,
      correlationId: common.data.correlationId ?? commandId,
      causationId: common.data.causationId ?? commandId,
      context,
    };
  };
}

const prepare = (command: Command) => ({
  command,
  schema: z.strictObject(command.declaration.input),
  references: referencesOf(command.declaration.input),
});

function issuesOf(result: z.ZodSafeParseResult<unknown>): FieldIssue[] {
  return result.error?.issues.map(({ path, message }) => ({ path: path.join('.'), message })) ?? [];
}
