/** Processes that can be made to fail at a step, and to stand still there. */
import {
  type AppendCall,
  type AroundAppend,
  type Connection,
  memoryEventStore,
} from '../../support/memoryEventStore.ts';
import { writeSide } from '../../support/writeSide.ts';
import { isFor } from './contacts.ts';

/** Two processes with one clock: one whose calls can be made to fail, and one that is well. */
export function failing() {
  const store = memoryEventStore();
  let at = Date.parse('2017-03-15T12:00:00.000Z');
  const now = () => new Date(at++);
  let fault: AroundAppend | undefined;
  let matches: (call: AppendCall) => boolean = () => false;
  const append: AroundAppend = async (proceed, call) =>
    fault && matches(call) ? fault(proceed, call) : proceed();
  const open = (connection: Connection = {}) => writeSide(store.connect(connection), { now });
  return {
    store,
    ill: open({ append }),
    well: open(),
    open,
    /** From now on, for appends that match. */
    fail: (on: (call: AppendCall) => boolean, with_: AroundAppend) => {
      matches = on;
      fault = with_;
    },
    heal: () => {
      fault = undefined;
    },
    aMinutePasses: () => {
      at += 61_000;
    },
  };
}

export const toContact = (call: AppendCall) => isFor('contact', call);
export const ofType = (type: string) => (call: AppendCall) => call.bytes.includes(`"${type}"`);

/** Lets a call stand still until it is told to go on. */
export function gate() {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const hold: AroundAppend = async proceed => {
    reached.resolve();
    await opened.promise;
    return proceed();
  };
  return { hold, reached: reached.promise, open: () => opened.resolve() };
}
