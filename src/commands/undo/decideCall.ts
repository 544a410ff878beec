/** What a command that takes something back decides, upon a state that is not stored yet. */
import type { Aggregate, Folded } from '../../domain/kernel/aggregate.ts';
import { isRejection, type Rejection } from '../../domain/kernel/rejection.ts';
import { ownDecision } from '../dispatch.ts';
import type { CommandError } from '../errors.ts';
import type { StreamState } from '../streamState.ts';
import type { View } from '../view.ts';
import type { Wish } from '../wish.ts';
import { type DecideCall, foldNew } from './plan.ts';
import type { UndoOptions } from './record.ts';

/** Each command that takes something back needs the right to it, and obeys its own rules. */
export const decideCall =
  (
    wish: Wish,
    state: StreamState,
    view: View,
    taken: Rejection | undefined,
    options: UndoOptions,
  ): DecideCall =>
  async ({ command, input }, folded) => {
    const { commandId, context } = wish;
    const own = options.toWish({ name: command, input, id: wish.id, commandId }, context);
    if ('kind' in own) return { rejected: true, code: own.code, message: own.message };
    const denied = options.authorise(context.actor, own.permission);
    if (denied) return denied;
    const decided = await ownDecision(own, options)({ ...state, folded }, view);
    if (isRejection(decided)) return decided;
    const { aggregate } = wish.command;
    const after = foldNew(aggregate, folded, decided.events, decided.occurredAt);
    return taken && gains(aggregate, state.folded, after) ? taken : decided.events;
  };

/** The refusal of a value that another record holds now: then it goes without what would bring one back. */
export const takenValue = (aggregate: Aggregate, { code, message }: CommandError): Rejection | undefined =>
  Object.values(aggregate.unique).some(unique => unique.code === code)
    ? { rejected: true, code, message }
    : undefined;

function gains(aggregate: Aggregate, before: Folded<unknown>, after: Folded<unknown>): boolean {
  return Object.values(aggregate.unique).some(({ values }) => {
    const had = values(before.state, before.record);
    return values(after.state, after.record).some(value => !had.includes(value));
  });
}
