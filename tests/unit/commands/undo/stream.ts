/** One stream as undo sees it: commands of a series and of others in any order, and what takes the series back. */

import { type Plan, planUndo } from '../../../../src/commands/undo/plan.ts';
import { createTrace, UNDO_MARK } from '../../../../src/commands/undo/trace.ts';
import type { AccountTree } from '../../../../src/domain/customers/accountTree.ts';
import type { Contact } from '../../../../src/domain/customers/contact.ts';
import { presentAffiliations } from '../../../../src/domain/customers/contact.ts';
import type { Aggregate, Folded } from '../../../../src/domain/kernel/aggregate.ts';
import type { NewEvent } from '../../../../src/domain/kernel/events.ts';
import { isRejection } from '../../../../src/domain/kernel/rejection.ts';
import type { Team } from '../../../../src/domain/people/team.ts';
import type { Opportunity } from '../../../../src/domain/sales/opportunity.ts';
import type { Pipeline } from '../../../../src/domain/sales/pipeline.ts';
import type { RecordedEvent } from '../../../../src/eventstore/envelope.ts';
import { BIRTHS } from '../../../support/births.ts';
import { decide, fold, NOW } from '../../../support/decider.ts';
import { id } from '../../../support/ids.ts';
import { recorded } from '../../../support/recorded.ts';
import { facts, type Wish } from '../../../support/wishes.ts';

export const SERIES = 'series';
export const OTHERS = 'others';

export function openStream(aggregate: Aggregate) {
  const events: RecordedEvent[] = [];
  let folded: Folded<unknown> = aggregate.initial;
  let commands = 0;

  const happen = (decided: readonly NewEvent[], correlationId: string, commandId = `c${++commands}`) => {
    for (const { type, data, causationId = commandId } of decided)
      events.push(
        recorded({
          type,
          data: JSON.parse(JSON.stringify(data)),
          aggregateId: id(1),
          category: aggregate.category,
          revision: events.length,
          commandId,
          correlationId,
          causationId,
        }),
      );
    folded = fold(aggregate, decided, folded);
  };

  const plan = (correlationId: string, limit = Number.POSITIVE_INFINITY): Promise<Plan> => {
    const trace = createTrace(aggregate, event => event.correlationId === correlationId);
    for (const event of events) trace.add(event);
    return planUndo({
      aggregate,
      trace,
      folded,
      occurredAt: NOW,
      limit,
      decide: ({ command, input }, then) => decide(aggregate, then, command, input, { facts }),
    });
  };

  return {
    events,
    folded: () => folded,
    happen,
    /** Carries a command out; one that is refused is none, but that a record begins in some way. */
    send: async ({ name, input }: Wish, correlationId: string): Promise<boolean> => {
      const decision = await decide(aggregate, folded, name, input, { facts });
      const birth = BIRTHS[aggregate.category];
      if (!isRejection(decision)) happen(decision, correlationId);
      else if (birth && !folded.record.exists) happen([birth], correlationId);
      else return false;
      return true;
    },
    plan,
    /** Takes the series back; `undoId` is the correlation of what does. */
    undo: async (correlationId: string, undoId: string, limit?: number): Promise<Plan> => {
      const planned = await plan(correlationId, limit);
      happen(planned.events, undoId, `${UNDO_MARK}${undoId}.${events.length}`);
      return planned;
    },
  };
}

export type Stream = ReturnType<typeof openStream>;

const sorted = <T>(list: readonly T[]): readonly T[] =>
  [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** What is compared of a state: the order in lists, and what once was there, are not taken back. */
const COMPARED: Readonly<Record<string, (state: never) => unknown>> = {
  contact: ({ emails, verified, affiliations }: Contact) => ({
    emails: sorted(emails),
    verified: sorted(verified),
    affiliations: sorted(presentAffiliations(affiliations)),
  }),
  accountTree: ({ parents }: AccountTree) => sorted(parents.flatMap(entries => [...entries])),
  team: ({ memberIds }: Team) => sorted(memberIds),
  opportunity: (s: Opportunity) =>
    s.status === 'none' ? s : { ...s, lines: sorted(s.lines.map(line => [line.lineId, line])) },
  pipeline: ({ stages }: Pipeline) => stages,
};

export const comparable = (aggregate: Aggregate, { state, record }: Folded<unknown>) => ({
  state: JSON.parse(JSON.stringify(COMPARED[aggregate.category]?.(state as never) ?? state)),
  record: aggregate.singleton ? {} : { ...record, tags: sorted(record.tags) },
});
