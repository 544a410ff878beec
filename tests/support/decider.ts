/**
 * Given events, when a command, then events or a rejection:
 *
 *     given(opportunity, opened(), lost()).when('winOpportunity', {}).thenRejected('NOT_OPEN')
 *
 * What is decided is also held to what every decision must be: its events fit their declarations exactly, survive JSON,
 * and can be folded.
 */
import { expect } from 'vitest';
import { z } from 'zod';
import type { Aggregate, DomainEvent, Folded } from '../../src/domain/kernel/aggregate.ts';
import type {
  CommandContext,
  CommandDeclaration,
  Decision,
  ReadFact,
} from '../../src/domain/kernel/command.ts';
import type { NewEvent } from '../../src/domain/kernel/events.ts';
import { checkRecord } from '../../src/domain/kernel/record.ts';
import { isRejection } from '../../src/domain/kernel/rejection.ts';
import type { Id, Instant } from '../../src/domain/kernel/values.ts';
import { idFrom } from '../../src/eventstore/hash.ts';
import { id } from './ids.ts';

/** The moment at which tests decide, and at which what they are given happened. */
export const NOW = '2017-03-15T12:00:00.000Z';
export const TODAY = '2017-03-15';

type Given = NewEvent & { readonly occurredAt?: Instant };
type Known = { readonly category: string; readonly id: Id; readonly folded: Folded<unknown> };

/** An event by its name, such as a derived one. */
export const happened = (type: string, data: Readonly<Record<string, unknown>> = {}): NewEvent => ({
  type,
  data,
});

export const at = (occurredAt: Instant, event: NewEvent): Given => ({ ...event, occurredAt });

const asStored = ({ type, data, occurredAt = NOW }: Given): DomainEvent => ({
  type,
  data: JSON.parse(JSON.stringify(data)),
  occurredAt,
});

export function fold<S>(
  aggregate: Aggregate<S>,
  events: readonly Given[],
  from: Folded<S> = aggregate.initial,
): Folded<S> {
  return events.map(asStored).reduce((folded, event) => aggregate.evolve(folded, event), from);
}

export function given<S>(aggregate: Aggregate<S>, ...events: readonly Given[]) {
  return scenario(aggregate, fold(aggregate, events), []);
}

/** Another aggregate that a command may look at. */
export const known = <S>(aggregate: Aggregate<S>, knownId: Id, ...events: readonly Given[]): Known => ({
  category: aggregate.category,
  id: knownId,
  folded: fold(aggregate, events),
});

function scenario<S>(aggregate: Aggregate<S>, folded: Folded<S>, facts: readonly Known[]) {
  return {
    knowing: (...more: readonly Known[]) => scenario(aggregate, folded, [...facts, ...more]),
    when: (command: string, input: object = {}, context: Partial<CommandContext> = {}) =>
      outcome(aggregate, folded, decide(aggregate, folded, command, input, { facts, ...context })),
    state: folded.state,
    record: folded.record,
  };
}

function outcome<S>(aggregate: Aggregate<S>, before: Folded<S>, decision: Promise<Decision>) {
  return {
    thenEvents: async (...events: readonly NewEvent[]) => {
      expect(await decision).toEqual(events);
    },
    /** The wish was true already. */
    thenNothing: async () => {
      expect(await decision).toEqual([]);
    },
    thenRejected: async (code: string, path?: string) => {
      expect(await decision).toMatchObject({ rejected: true, code, ...(path && { path }) });
    },
    thenState: async (state: object) => {
      const events = await decision;
      if (isRejection(events)) throw new Error(`rejected: ${events.code}`);
      expect(fold(aggregate, events, before).state).toMatchObject(state);
    },
  };
}

export type Situation = Partial<CommandContext> & { readonly facts?: readonly Known[] };

/** A decision as dispatch asks for it: the input validated, the common rules first, the facts read. */
export async function decide<S>(
  aggregate: Aggregate<S>,
  folded: Folded<S>,
  command: string,
  wish: object,
  { facts = [], ...context }: Situation = {},
): Promise<Decision> {
  // Called by name, with what its own declaration has parsed and read.
  const declaration = aggregate.commands[command] as unknown as Called | undefined;
  if (!declaration) throw new Error(`${aggregate.category} has no command ${command}`);
  const input = z.strictObject(declaration.input).parse(wish);
  const { state, record } = folded;
  const refused = aggregate.singleton ? undefined : checkRecord(declaration, record, aggregate.category);
  if (refused) return refused;
  const read = await declaration.facts?.(reader(facts), input, state);
  const decision = declaration.decide(input, state, { ...defaults(folded), ...context, ...read });
  if (!isRejection(decision)) checkEvents(aggregate, decision, folded);
  return decision;
}

type Called = Omit<CommandDeclaration, 'decide' | 'facts'> & {
  readonly facts?: (read: ReadFact, input: object, state: unknown) => Promise<object>;
  readonly decide: (input: object, state: unknown, context: CommandContext) => Decision;
};

const defaults = ({ record }: Folded<unknown>): CommandContext => ({
  id: id(1),
  occurredAt: NOW,
  today: TODAY,
  record,
  childId: name => childId(name),
});

/** The id that a part gets in tests. */
export const childId = (name: string | number): Id => idFrom('test', name);

const reader =
  (facts: readonly Known[]): ReadFact =>
  async (aggregate, wanted) => {
    const fact = facts.find(f => f.category === aggregate.category && (!wanted || f.id === wanted));
    const folded = (fact?.folded ?? aggregate.initial) as typeof aggregate.initial; // of the same category
    return { id: wanted ?? fact?.id ?? id(0), ...folded };
  };

/** What holds of every decision's events. */
function checkEvents<S>(aggregate: Aggregate<S>, events: readonly NewEvent[], before: Folded<S>): void {
  for (const { type, data } of events) {
    const declared = aggregate.eventTypes.get(type);
    if (!declared) throw new Error(`${aggregate.category} emits ${type}, which it does not declare`);
    const parsed = declared.schema.parse(data);
    expect(parsed, `${type} holds nothing that its declaration would drop or change`).toEqual(data);
  }
  const folded = events.map(event => ({ ...event, occurredAt: NOW }));
  const direct = folded.reduce((so, event) => aggregate.evolve(so, event), before);
  expect(fold(aggregate, events, before), 'the state is the same from the store').toEqual(direct);
}
