/**
 * A group, told as given / when / then: steps are taken one after the other, and what the last one led to is looked at.
 * Events are numbers, which are their positions and (as text) their ids; time is what the steps say.
 */
import { expect } from 'vitest';
import {
  createGroup,
  type Effects,
  type Entry,
  type Group,
  type GroupSettings,
} from '../../src/persistent/group.ts';
import { type Consumer, STRATEGIES } from '../../src/persistent/strategies.ts';

export type Named = Consumer & { readonly name: string };
type TestGroup = Group<number, Named>;

export const SETTINGS: GroupSettings = {
  maxRetryCount: 10,
  messageTimeout: 30_000,
  checkPointAfter: 2_000,
  minCheckPointCount: 10,
  maxCheckPointCount: 1_000,
  historyBufferSize: 500,
  readBatchSize: 20,
};

/** What a group did: `to:event`, with `#n` for the n-th retry and `*` for a replayed event. */
export type Deed =
  | { readonly deliver: string }
  | { readonly park: number; readonly reason: string }
  | { readonly checkpoint: number }
  | { readonly replayed: true };

export type Step = (context: Context) => void;
type Context = {
  readonly group: TestGroup;
  now: number;
  readonly consumers: Map<string, Named>;
  /** What consumers have and haven't answered. */
  readonly inFlight: Set<number>;
  readonly parking: Map<number, Parameters<Effects<number, Named>['park']>[0]>;
};

export const entry = (position: number, key = ''): Entry<number> => ({
  id: String(position),
  position,
  key,
  event: position,
});

export const joins =
  (name: string, bufferSize = 10): Step =>
  ({ group, consumers, now }) => {
    const consumer = { name, bufferSize, inFlight: 0 };
    consumers.set(name, consumer);
    group.join(consumer, now);
  };
export const leaves =
  (name: string): Step =>
  ({ group, consumers, now }) => {
    const consumer = consumers.get(name);
    consumers.delete(name);
    if (consumer) group.leave(consumer, now);
  };
export const reads =
  (...positions: readonly number[]): Step =>
  ({ group, now }) => {
    for (const position of positions) group.add(entry(position));
    group.push(now);
  };
export const skips =
  (...positions: readonly number[]): Step =>
  ({ group, now }) => {
    for (const position of positions) group.skip(position, now);
  };
export const passes =
  (position: number): Step =>
  ({ group }) =>
    group.pass(position);
export const replays =
  (...positions: readonly number[]): Step =>
  ({ group, now }) => {
    for (const position of positions) group.replay(entry(position));
    group.push(now);
  };
export const acks =
  (...ids: readonly number[]): Step =>
  ({ group, now }) =>
    group.ack(ids.map(String), now);
export const nacks =
  (action: Parameters<TestGroup['nack']>[1], ...ids: readonly number[]): Step =>
  ({ group, now }) =>
    group.nack(ids.map(String), action, 'no', now);
export const parks =
  (position: number): Step =>
  ({ group, parking, now }) => {
    const message = parking.get(position);
    if (message) group.parked(message, now);
  };
export const failsToPark =
  (position: number): Step =>
  ({ group, parking, now }) => {
    const message = parking.get(position);
    if (message) group.notParked(message, now);
  };
/** Milliseconds pass, and the clock ticks. */
export const after =
  (milliseconds: number): Step =>
  context => {
    context.now += milliseconds;
    context.group.tick(context.now);
  };

export function createSpecification(
  settings: Partial<GroupSettings> = {},
  strategy = 'RoundRobin',
  checkpoint?: number,
) {
  const deeds: Deed[] = [];
  const parking: Context['parking'] = new Map();
  const inFlight = new Set<number>();
  const described = STRATEGIES.get(strategy);
  if (!described) throw new Error(strategy);
  const group = createGroup<number, Named>({ ...SETTINGS, ...settings }, described<Named>(), checkpoint, {
    deliver(consumer, { event, retryCount, sequence }) {
      inFlight.add(event);
      const retry = retryCount > 0 ? `#${retryCount}` : '';
      deeds.push({ deliver: `${consumer.name}:${event}${retry}${sequence === undefined ? '*' : ''}` });
    },
    release: (_, { event }) => inFlight.delete(event),
    park(message, reason) {
      parking.set(message.event, message);
      deeds.push({ park: message.event, reason });
    },
    checkpoint: position => deeds.push({ checkpoint: position }),
    replayed: () => deeds.push({ replayed: true }),
  });
  const context: Context = { group, now: 0, consumers: new Map(), inFlight, parking };
  return {
    context,
    run(steps: readonly Step[]): Deed[] {
      for (const step of steps) step(context);
      return deeds.splice(0);
    },
  };
}

export function group(settings: Partial<GroupSettings> = {}, checkpoint?: number) {
  const { run } = createSpecification(settings, 'RoundRobin', checkpoint);
  return {
    given(...before: readonly Step[]) {
      run(before);
      return {
        when: (...steps: readonly Step[]) => {
          const deeds = run(steps);
          return {
            // biome-ignore lint/suspicious/noThenProperty: given, when, then
            then: (...expected: readonly Deed[]) => expect(deeds).toEqual(expected),
          };
        },
      };
    },
  };
}

export const delivers = (...to: readonly string[]): Deed[] => to.map(deliver => ({ deliver }));
