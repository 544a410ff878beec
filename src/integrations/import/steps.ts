/** A step of a plan, checked against its command's declaration and turned into functions of the row. */
import { z } from 'zod';
import { createdId, singletonId } from '../../commands/wish.ts';
import { isOptional } from '../../domain/kernel/record.ts';
import type { Id, Shape } from '../../domain/kernel/values.ts';
import type { Command } from '../../eventstore/catalog.ts';
import { compileConditions } from './conditions.ts';
import { type Context, complain, type JsonPath, referredKind } from './context.ts';
import { fieldAt, instantField, partsOf } from './fields.ts';
import { inputBuilder, type Leaf } from './inputTree.ts';
import type { Step } from './plan.ts';
import type { Key, Row } from './row.ts';
import { type CompiledSource, compileSource, targetField } from './sources.ts';

export type CompiledStep = {
  readonly name: string;
  readonly command: Command;
  /** The command's input as it will be validated. */
  readonly schema: z.ZodObject;
  readonly applies: (row: Row) => boolean;
  readonly whenColumns: readonly string[];
  readonly at: CompiledSource | undefined;
  readonly input: (row: Row) => Record<string, unknown>;
  /** The record that the command is about, created by it or not; `undefined` when the row does not say. */
  readonly target: (row: Row, key: Key, commandId: Id) => Id | undefined;
  /** The columns that say which record the command is sent to, where it is not the row's own. */
  readonly onColumns: readonly string[];
  /** The columns behind a path of the input. */
  readonly columnsOf: (path: readonly PropertyKey[]) => readonly string[];
};

export const stepName = (step: Step): string => step.name ?? step.command;

/** Nothing when the step is wrong; the context then has the reasons. */
export function compileStep(
  context: Context,
  step: Step,
  kind: string,
  path: JsonPath,
): CompiledStep | undefined {
  const command = context.catalog.commands.get(step.command);
  if (!command || command.declaration.internal)
    return complain(
      context,
      [...path, 'command'],
      `there is no command ${step.command}; the mutations in schema.graphql say which there are`,
    );
  const { declaration } = command;
  const leaves = compileInput(context, step, command, [...path, 'input']);
  const input = inputBuilder(leaves);
  const at = step.at && compileSource(context, step.at, instantField, [...path, 'at']);
  const applies = compileConditions(context, step.when, [...path, 'when']);
  const target = compileTarget(context, step, command, kind, path);
  if (typeof input !== 'function')
    return complain(
      context,
      [...path, 'input'],
      `${input.twice} is a value and has parts, or stands there twice`,
    );
  if (!target) return undefined;
  return {
    name: stepName(step),
    command,
    schema: z.strictObject(declaration.input),
    applies,
    whenColumns: Object.keys(step.when),
    at,
    input,
    target,
    onColumns: [step.on?.column ?? [], step.on?.columns ?? []].flat(),
    columnsOf: where => leafAt(leaves, where.map(String))?.source.columns ?? [],
  };
}

function compileInput(context: Context, step: Step, command: Command, path: JsonPath): Leaf[] {
  const shape = command.declaration.input;
  const leaves: Leaf[] = [];
  for (const [name, source] of Object.entries(step.input)) {
    const parts = name.split('.');
    const field = fieldAt(shape, parts);
    if ('wrong' in field) complain(context, [...path, name], `${command.name}: ${field.wrong}`);
    else {
      const compiled = compileSource(context, source, field, [...path, name]);
      if (compiled) leaves.push({ path: parts, source: compiled });
    }
  }
  for (const missing of missingFields(shape, Object.keys(step.input)))
    complain(context, path, `${command.name} needs ${missing}; say where it comes from`);
  return leaves;
}

/** What must be there and has no source: in the input itself, and in each object that has one for a part of it. */
function missingFields(shape: Shape, given: readonly string[]): string[] {
  const objects = new Set(
    given.flatMap(name => [...name.matchAll(/\./g)].map(dot => name.slice(0, dot.index))),
  );
  const partsAt = (name: string) => {
    const field = fieldAt(shape, name.split('.'));
    return 'wrong' in field
      ? []
      : Object.entries(partsOf(field)).map(([part, type]) => [`${name}.${part}`, type]);
  };
  return [...Object.entries(shape), ...[...objects].flatMap(partsAt)]
    .filter(([name, type]) => !given.some(each => `${each}.`.startsWith(`${name}.`)) && !isOptional(type))
    .map(([name]) => name);
}

/** Which record a command goes to: the one that it creates, the workspace's only one, another's, or the row's own. */
function compileTarget(
  context: Context,
  step: Step,
  { aggregate, declaration }: Command,
  kind: string,
  path: JsonPath,
): CompiledStep['target'] | undefined {
  const { scope } = context;
  const { category } = aggregate;
  const isSettled = declaration.creates || aggregate.singleton;
  if (step.on && isSettled)
    return complain(context, [...path, 'on'], `${step.command} names its record itself; take "on" out`);
  if (declaration.creates)
    return (_row, _key, commandId) => createdId(scope.workspaceId, category, commandId);
  const only = aggregate.singleton && singletonId(scope.workspaceId, category);
  if (only) return () => only;
  if (step.on) {
    const on = compileSource(context, step.on, targetField(category), [...path, 'on']);
    return on && (row => on.read(row) as Id | undefined); // a reference reads an id
  }
  const own = referredKind(context, kind, [...path, 'command']);
  if (!own) return undefined;
  if (own.category !== category)
    return complain(
      context,
      [...path, 'command'],
      `${step.command} goes to the category ${category}, and "${kind}" is of ${own.category}; say which record with "on"`,
    );
  return (_, key) => context.recordId(kind, own, key);
}

/** The leaf at a path, above it or below it. */
const leafAt = (leaves: readonly Leaf[], path: readonly string[]): Leaf | undefined =>
  leaves.find(leaf => leaf.path.every((part, i) => i >= path.length || part === path[i]));
