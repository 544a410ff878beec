/** Faults to put around the calls of a connection to the event store in memory. */
import { TimeoutError, UnavailableError } from '@eventstore/db-client';
import { type Around, type AroundAppend, straight } from './memoryEventStore.ts';

/** Faults for the calls of a connection, one each; the calls after them succeed. */
export function inTurn<C, R>(...faults: readonly Around<NoInfer<C>, NoInfer<R>>[]): Around<C, R> {
  const left = [...faults];
  return (proceed, call) => (left.shift() ?? straight)(proceed, call);
}

/** The events land, the answer does not arrive. */
export const unanswered: AroundAppend = async proceed => {
  proceed();
  throw new TimeoutError();
};

/** Nothing arrives. */
export const unreachable = async (): Promise<never> => {
  throw new UnavailableError();
};

/** Neither an answer nor an error. */
export const silence = async (): Promise<never> => new Promise(() => undefined);

/** Something happens right before the call. */
export const after =
  <C, R>(first: () => Promise<unknown>): Around<C, R> =>
  async proceed => {
    await first();
    return proceed();
  };
