/** Whatever consumers do, in whatever order: every event is somewhere, and the checkpoint never passes one that isn't done. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../../src/persistent/strategies.ts';
import {
  acks,
  after,
  createSpecification,
  type Deed,
  entry,
  joins,
  leaves,
  nacks,
  type Step,
} from './groupSpecification.ts';

const KEYS = ['red', 'green', 'blue'];

/** What a consumer, the store or the clock does; `pick` chooses among what is there to be chosen. */
const action = fc.oneof(
  fc.record({ kind: fc.constant('read'), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('join'), size: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constantFrom('leave', 'parked', 'notParked'), pick: fc.nat() }),
  fc.record({ kind: fc.constantFrom('ack', 'retry', 'park', 'skip'), pick: fc.nat() }),
  fc.record({ kind: fc.constant('wait'), milliseconds: fc.integer({ min: 1, max: 600 }) }),
);
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never;

const SETTINGS = { maxRetryCount: 2, messageTimeout: 500, maxCheckPointCount: 3, minCheckPointCount: 1 };

/** A group, and what must be true of it. */
function play(strategy: string) {
  const { context, run } = createSpecification(SETTINGS, strategy);
  const { group, consumers, inFlight, parking } = context;
  const beingParked = new Set<number>();
  const done = new Set<number>();
  let read = 0;
  let joined = 0;
  let checkpoint = -1;

  function look(deed: Deed): void {
    if ('park' in deed) beingParked.add(deed.park);
    if (!('checkpoint' in deed)) return;
    expect(deed.checkpoint).toBeGreaterThan(checkpoint);
    checkpoint = deed.checkpoint;
    for (let event = 0; event <= checkpoint; event++)
      expect(done.has(event), `${event} is passed by the checkpoint`).toBe(true);
  }

  const choose = <Item>(items: Iterable<Item>, pick: number): Item | undefined => {
    const list = [...items];
    return list[pick % Math.max(1, list.length)];
  };

  /** The step that an action is, or none when there is nothing to do it to. Keeps account of what is done. */
  function stepOf(one: Action): Step | undefined {
    if ('count' in one)
      return ({ now }) => {
        for (let n = 0; n < one.count; n++) group.add(entry(read, KEYS[read++ % KEYS.length]));
        group.push(now);
      };
    if ('size' in one) return joins(`c${joined++}`, one.size);
    if ('milliseconds' in one) return after(one.milliseconds);
    switch (one.kind) {
      case 'leave':
        return leavesFor(choose(consumers.keys(), one.pick));
      case 'parked':
      case 'notParked':
        return settlesFor(one.kind, choose(beingParked, one.pick));
      default:
        return answersFor(one.kind, choose(inFlight, one.pick));
    }
  }

  function leavesFor(name: string | undefined): Step | undefined {
    return name === undefined ? undefined : leaves(name);
  }

  function settlesFor(kind: 'parked' | 'notParked', event: number | undefined): Step | undefined {
    const message = event === undefined ? undefined : parking.get(event);
    if (event === undefined || !message) return undefined;
    beingParked.delete(event);
    if (kind === 'parked') done.add(event);
    return ({ now }) => group[kind](message, now);
  }

  function answersFor(kind: string, event: number | undefined): Step | undefined {
    if (event === undefined) return undefined;
    if (kind === 'ack' || kind === 'skip') done.add(event);
    if (kind === 'ack') return acks(event);
    return nacks(kind === 'skip' || kind === 'park' ? kind : 'retry', event);
  }

  return {
    act(one: Action): void {
      const step = stepOf(one);
      if (!step) return;
      for (const deed of run([step])) look(deed);
      const { buffered, retries } = group.counts();
      expect(buffered + retries + inFlight.size + beingParked.size + done.size, 'in one place each').toBe(
        read,
      );
      for (const { inFlight: held, bufferSize } of consumers.values())
        expect(held).toBeLessThanOrEqual(bufferSize);
    },
    consumers,
    inFlight,
    beingParked,
    counts: () => ({ read, done: done.size }),
  };
}

/** Someone comes who takes and acks everything. */
function drain({ act, consumers, inFlight, beingParked, counts }: ReturnType<typeof play>): void {
  while (consumers.size > 0) act({ kind: 'leave', pick: 0 });
  act({ kind: 'join', size: 3 });
  while (beingParked.size > 0) act({ kind: 'parked', pick: 0 });
  for (let left = counts().read; left > 0 && inFlight.size > 0; left--) act({ kind: 'ack', pick: 0 });
}

describe('a group loses nothing', () => {
  it.each([...STRATEGIES.keys()])('with %s', strategy => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), actions => {
        const game = play(strategy);
        for (const one of actions) game.act(one);
        drain(game);
        const { read, done } = game.counts();
        expect(done).toBe(read);
      }),
      { numRuns: 200 },
    );
  });

  it('gives one consumer who acks everything all events in order', () => {
    const { run } = createSpecification();
    const deeds = run([
      ({ group, now }) => group.join({ name: 'a', bufferSize: 1, inFlight: 0 }, now),
      ({ group, now }) => {
        for (let n = 0; n < 100; n++) group.add(entry(n));
        group.push(now);
        for (let n = 0; n < 100; n++) group.ack([String(n)], now);
      },
    ]);
    expect(deeds).toEqual(Array.from({ length: 100 }, (_, n) => ({ deliver: `a:${n}` })));
  });
});
