/**
 * Any sequence of commands, for every aggregate that there is: invariants hold, what is decided can be folded (also from
 * JSON: `decide` checks it), and to decide the same again right after it succeeded says nothing new.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Contact } from '../../../src/domain/customers/contact.ts';
import type { Aggregate, Folded } from '../../../src/domain/kernel/aggregate.ts';
import type { Decision } from '../../../src/domain/kernel/command.ts';
import { sameMoney } from '../../../src/domain/kernel/money.ts';
import { isRejection } from '../../../src/domain/kernel/rejection.ts';
import type { Team } from '../../../src/domain/people/team.ts';
import { sumOfLines } from '../../../src/domain/sales/lines.ts';
import type { Opportunity } from '../../../src/domain/sales/opportunity.ts';
import type { Pipeline } from '../../../src/domain/sales/pipeline.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { BIRTHS } from '../../support/births.ts';
import { decide, fold } from '../../support/decider.ts';
import { STAGES } from '../../support/sales.ts';
import { facts, wishesTo } from '../../support/wishes.ts';

const catalog = await loadCatalog();

/** Commands that make something new each time they are carried out, or take away what was there. */
const NOT_STATE_SETTING = new Set(['addOpportunityLine', 'removeOpportunityLine']);

const INVARIANTS: Readonly<Record<string, (state: never, before: never) => void>> = {
  opportunity: (s: Opportunity) => {
    if (s.status === 'none') return;
    const sum = sumOfLines(s.lines);
    if (sum) expect(sameMoney(s.amount, sum), 'amount = sum of the priced lines').toBe(true);
    expect(new Set(s.lines.map(line => line.lineId)).size).toBe(s.lines.length);
    expect(STAGES.find(stage => stage.stageId === s.stageId)?.category).toBe(s.status);
    if (s.status === 'won') expect(s.amount).toBeDefined();
    expect('closedOn' in s).toBe(s.status !== 'open');
  },
  contact: (s: Contact) => {
    const present = s.affiliations.filter(({ until }) => until === null);
    expect(s.affiliations.filter(({ primary }) => primary).length).toBeLessThanOrEqual(1);
    for (const { primary, from, until } of s.affiliations) {
      if (until !== null) expect(primary, 'what has ended is not primary').toBe(false);
      if (until !== null) expect(until >= from).toBe(true);
    }
    expect(new Set(present.map(({ accountId }) => accountId)).size).toBe(present.length);
    expect(new Set(s.emails).size).toBe(s.emails.length);
    expect(new Set(s.verified).size).toBe(s.verified.length);
    expect(s.emails).toEqual(expect.arrayContaining([...s.verified]));
  },
  pipeline: (s: Pipeline, before: Pipeline) => {
    for (const category of ['won', 'lost'])
      expect(s.stages.filter(stage => stage.category === category)).toHaveLength(1);
    const all = [...s.stages, ...s.retired];
    expect(new Set(all.map(({ stageId }) => stageId)).size).toBe(all.length);
    for (const { stageId, category } of [...before.stages, ...before.retired])
      expect(all.find(stage => stage.stageId === stageId)?.category, 'known, and of its category').toBe(
        category,
      );
  },
  team: (s: Team) => expect(new Set(s.memberIds).size).toBe(s.memberIds.length),
};

describe.each([...catalog.aggregates])('any commands to %s', (category, aggregate) => {
  const wishes = wishesTo(aggregate, { maxLength: 40 });

  test('keep its invariants, can be folded, and say nothing the second time', () =>
    fc.assert(
      fc.asyncProperty(wishes, async all => {
        let folded: Folded<unknown> = aggregate.initial;
        const birth = BIRTHS[category];
        for (const { name, input } of all) {
          const decision = await decide(aggregate, folded, name, input, { facts });
          if (isRejection(decision)) {
            // It was not to be created so: then some other way, for the rest to have something to work on.
            if (birth && !folded.record.exists) folded = fold(aggregate, [birth]);
            continue;
          }
          const next = fold(aggregate, decision, folded);
          INVARIANTS[category]?.(next.state as never, folded.state as never);
          expect(new Set(next.record.tags).size).toBe(next.record.tags.length);
          expectNothingNew(name, await decide(aggregate, next, name, input, { facts }), aggregate);
          folded = next;
        }
      }),
      { numRuns: 60 },
    ));
});

function expectNothingNew(name: string, again: Decision, aggregate: Aggregate): void {
  const command = aggregate.commands[name];
  if (command?.creates || NOT_STATE_SETTING.has(name)) expect(isRejection(again), name).toBe(true);
  else expect(again, name).toEqual([]);
}
