/** Random lives of records: commands of every kind that an aggregate has, in any order, and what is decided upon them. */
import fc from 'fast-check';
import type { Aggregate, Folded } from '../../src/domain/kernel/aggregate.ts';
import type { NewEvent } from '../../src/domain/kernel/events.ts';
import { isRejection } from '../../src/domain/kernel/rejection.ts';
import { inputOf } from './arbitrary.ts';
import { BIRTHS } from './births.ts';
import { decide, fold } from './decider.ts';
import { defaultPipeline, salesPipeline } from './sales.ts';

export type Wish = { readonly name: string; readonly input: Record<string, unknown> };

/** What every decision here may look at. */
export const facts = [defaultPipeline, salesPipeline];

/** A create, where there is one, and whatever may come after it. */
export function wishesTo(
  aggregate: Aggregate,
  { maxLength }: { readonly maxLength: number },
): fc.Arbitrary<readonly Wish[]> {
  const commands = Object.entries(aggregate.commands);
  const wishOf = ([name, { input, worksOnArchived }]: (typeof commands)[number]) => ({
    weight: worksOnArchived ? 1 : 4, // or most of the time would be spent in the archive
    arbitrary: inputOf(input).map(given => ({ name, input: given })),
  });
  const creating = commands.filter(([, { creates }]) => creates);
  const first = creating.length > 0 ? fc.oneof(...creating.map(wishOf)).map(wish => [wish]) : fc.constant([]);
  return fc
    .tuple(first, fc.array(fc.oneof(...commands.map(wishOf)), { maxLength, size: 'max' }))
    .map(parts => parts.flat());
}

/** All that is decided, event by event. */
export async function lived(aggregate: Aggregate, wishes: readonly Wish[]): Promise<readonly NewEvent[]> {
  const events: NewEvent[] = [];
  let folded: Folded<unknown> = aggregate.initial;
  const happen = (more: readonly NewEvent[]) => {
    events.push(...more);
    folded = fold(aggregate, more, folded);
  };
  for (const { name, input } of wishes) {
    const decision = await decide(aggregate, folded, name, input, { facts });
    const birth = BIRTHS[aggregate.category];
    if (!isRejection(decision)) happen(decision);
    else if (birth && !folded.record.exists) happen([birth]); // for the rest to have something to work on
  }
  return events;
}
