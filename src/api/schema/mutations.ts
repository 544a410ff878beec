/**
 * A mutation for each command. Selecting `id`, `revision` and `position` alone answers from the event store's word;
 * only the record itself is read from Postgres, once the read models show what the command did.
 */
import type { CommandResult } from '../../commands/dispatch.ts';
import { pascal } from '../../domain/kernel/record.ts';
import type { Command } from '../../eventstore/catalog.ts';
import { fetchRecord } from '../../projections/query/fetch.ts';
import { present } from '../../projections/query/moment.ts';
import { fromCommand } from '../errors.ts';
import type { Builder } from './builder.ts';
import type { CommandInputs } from './commandInputs.ts';
import { type Context, renewReads } from './context.ts';
import type { Entity } from './entities.ts';
import { askedOf } from './lookahead.ts';

export type Done = Extract<CommandResult, { ok: true }>;

/** The fields that each mutation's input has besides the command's own. */
type CommonInput = {
  readonly id?: string;
  readonly commandId?: string | null;
  readonly ifRevision?: number | null;
  readonly occurredAt?: unknown;
};
const COMMON: readonly (keyof CommonInput)[] = ['id', 'commandId', 'ifRevision', 'occurredAt'];

/** @param entity the record's type; a singleton has none. */
export function defineMutation(
  builder: Builder,
  inputs: CommandInputs,
  command: Command,
  entity: Entity | undefined,
): void {
  const { name, declaration } = command;
  const input = defineInput(builder, inputs, command);
  builder.mutationField(name, t =>
    t.field({
      type: definePayload(builder, name, entity),
      nullable: true, // one that is refused must not take the answers of others in the same document with it
      ...(declaration.description !== undefined && { description: declaration.description }),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { id, commandId, ifRevision, occurredAt, ...own } = args.input as CommonInput;
        const result = await context.services.dispatch(
          {
            name,
            input: own,
            id,
            commandId: commandId ?? undefined,
            ifRevision: ifRevision ?? undefined,
            occurredAt: (occurredAt ?? undefined) as string | undefined, // dispatch checks it
          },
          context,
        );
        if (result.ok) return result;
        throw fromCommand(result.error);
      },
    }),
  );
}

function defineInput(builder: Builder, inputs: CommandInputs, { name, aggregate, declaration }: Command) {
  const typeName = `${pascal(name)}Input`;
  const shape = Object.entries(declaration.input) as [string, Parameters<CommandInputs['fieldOf']>[0]][];
  const taken = shape.find(([field]) => (COMMON as readonly string[]).includes(field));
  if (taken) throw new Error(`${name}: every command has ${taken[0]} already; name its field otherwise`);
  const hasId = !declaration.creates && !aggregate.singleton;
  return builder.inputType(typeName, {
    fields: t => ({
      ...(hasId && { id: t.id({ required: true }) }),
      ...Object.fromEntries(
        shape.map(([field, schema]) => [
          field,
          t.field(inputs.fieldOf(schema, pascal(name) + pascal(field)) as never),
        ]),
      ),
      commandId: t.id({ description: 'Chosen by the sender: the same one sent again is carried out once.' }),
      ifRevision: t.int({ description: 'Refused as STALE when the record has changed since this revision.' }),
      occurredAt: t.field({
        type: 'DateTime',
        description: 'When it happened in the business; now by default.',
      }),
    }),
  });
}

const shown = new WeakSet<Done>();

function definePayload(builder: Builder, name: string, entity: Entity | undefined) {
  const payload = builder.objectRef<Done>(`${pascal(name)}Payload`).implement({
    fields: t => ({
      id: t.exposeID('id'),
      revision: t.exposeInt('revision'),
      position: t.expose('position', {
        type: 'Position',
        description: 'Queries that are given it as `after` show what the command did.',
      }),
    }),
  });
  if (!entity) return payload;
  builder.objectField(payload, entity.name, t =>
    t.field({
      type: entity.ref,
      nullable: true,
      description: 'The record as it now is.',
      resolve: async (done, _, context, info) => {
        showFrom(context, done);
        const { selection, readsMore } = askedOf(entity, info);
        return fetchRecord(context.reads.session, selection, done.id, present, !readsMore);
      },
    }),
  );
  return payload;
}

/** Mutations run one after the other, each with a snapshot of its own; two aliases of one record share it. */
function showFrom(context: Context, done: Done): void {
  if (shown.has(done)) return;
  shown.add(done);
  renewReads(context, done.position);
}
