/** Several processes on one store, whose calls land in any order that fast-check chooses, with faults between the steps. */
import { TimeoutError, UnavailableError } from '@eventstore/db-client';
import fc from 'fast-check';
import type { Connection } from '../../support/memoryEventStore.ts';

/** What befalls a call; `late` is an append that lands after its sender has stopped waiting. */
export type Fault = 'none' | 'never lands' | 'lands unanswered' | 'late';

/** Faults in the order in which calls meet them; when they are used up, all goes well. */
export const faults: fc.Arbitrary<readonly Fault[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fault>('none') },
    { weight: 1, arbitrary: fc.constant<Fault>('never lands') },
    { weight: 1, arbitrary: fc.constant<Fault>('lands unanswered') },
    { weight: 1, arbitrary: fc.constant<Fault>('late') },
  ),
  { maxLength: 60 },
);

/**
 * A connection whose calls wait for their turn before they reach the store and before they are answered.
 * @param atEachStep runs whenever a call gets its turn, such as to move a clock.
 */
export function interleaved(
  scheduler: fc.Scheduler,
  planned: readonly Fault[],
  atEachStep: () => void = () => undefined,
): Connection & { readonly arrived: () => Promise<void> } {
  const left = [...planned];
  const late: Promise<unknown>[] = [];
  const turn = async (label: string) => {
    await scheduler.schedule(Promise.resolve(), label);
    atEachStep();
  };
  return {
    append: async (proceed, { stream }) => {
      const fault = left.shift() ?? 'none';
      await turn(`append to ${stream}, ${fault}`);
      if (fault === 'never lands') throw new UnavailableError();
      if (fault === 'late') {
        late.push(
          turn(`late append to ${stream}`)
            .then(proceed)
            .catch(() => undefined),
        );
        throw new TimeoutError();
      }
      const answer = proceed();
      await turn(`answer from ${stream}`);
      if (fault === 'lands unanswered') throw new TimeoutError();
      return answer;
    },
    read: async (proceed, { stream }) => {
      const fault = left.shift() ?? 'none';
      await turn(`read ${stream}, ${fault}`);
      if (fault === 'never lands') throw new UnavailableError();
      const events = proceed();
      await turn(`events of ${stream}`);
      return events;
    },
    /** Once everything that was on its way has landed. */
    arrived: async () => {
      await Promise.all(late);
    },
  };
}
