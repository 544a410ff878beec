/** One decision on one view: the rules that all commands share, then the command's own. */
import type { CommandDeclaration } from '../domain/kernel/command.ts';
import type { NewEvent } from '../domain/kernel/events.ts';
import { checkRecord } from '../domain/kernel/record.ts';
import { isRejection, type Rejection, reject } from '../domain/kernel/rejection.ts';
import type { Instant } from '../domain/kernel/values.ts';
import type { Catalog } from '../eventstore/catalog.ts';
import { idFrom } from '../eventstore/hash.ts';
import type { StreamState } from './streamState.ts';
import type { View } from './view.ts';
import type { Wish } from './wish.ts';

export type Decided = { readonly events: readonly NewEvent[]; readonly occurredAt: Instant };

/** The events that carry out the wish, none when it is already true, or the rule that refuses it. */
export async function decideOn(
  wish: Wish,
  state: StreamState,
  view: View,
  catalog: Catalog,
  now: Instant,
): Promise<Decided | Rejection> {
  const { aggregate, declaration } = wish.command;
  const { record } = state.folded;
  const refused =
    (aggregate.singleton ? undefined : checkRecord(declaration, record, aggregate.category)) ??
    checkTime(wish.occurredAt, state.lastOccurredAt, now) ??
    (await checkReferences(wish, view, catalog));
  if (refused) return refused;

  const occurredAt = wish.occurredAt ?? latest(now, state.lastOccurredAt);
  const command = declaration as unknown as Called; // a declaration takes its own input and state, which these are
  const facts = await command.facts?.(view.readFact, wish.input, state.folded.state);
  const decision = command.decide(wish.input, state.folded.state, {
    id: wish.id,
    occurredAt,
    today: occurredAt.slice(0, 10),
    record,
    childId: (name: string | number) => idFrom(JSON.stringify([wish.stream, wish.commandId, name])),
    ...facts,
  });
  return isRejection(decision) ? decision : { events: decision, occurredAt };
}

type Called = {
  readonly facts?: (read: View['readFact'], input: unknown, state: unknown) => Promise<object>;
  readonly decide: (
    input: unknown,
    state: unknown,
    context: unknown,
  ) => ReturnType<CommandDeclaration['decide']>;
};

/** Within a stream both clocks only move on: facts that come in late are streams of their own. */
function checkTime(
  given: Instant | undefined,
  last: Instant | undefined,
  now: Instant,
): Rejection | undefined {
  if (!given) return undefined;
  if (given > now)
    return reject('OCCURRED_IN_FUTURE', 'it has not happened yet; leave occurredAt out', 'occurredAt');
  if (last && given < last)
    return reject(
      'OCCURRED_BEFORE_LAST',
      `the record's last event is of ${last}; say that time or a later one`,
      'occurredAt',
      {
        last,
      },
    );
  return undefined;
}

async function checkReferences(
  { references }: Wish,
  view: View,
  catalog: Catalog,
): Promise<Rejection | undefined> {
  for (const { category, id, path } of references) {
    const other = catalog.aggregates.get(category);
    if (!other) throw new Error(`a reference to ${category}, which is no aggregate`);
    if (!(await view.exists(other, id)))
      return reject('REFERENCE_NOT_FOUND', `there is no ${category} with this id`, path, { category, id });
  }
  return undefined;
}

export const latest = (now: Instant, last: Instant | undefined): Instant => (last && last > now ? last : now);
