import { describe, it } from 'vitest';
import {
  acks,
  after,
  delivers,
  failsToPark,
  group,
  joins,
  leaves,
  nacks,
  parks,
  passes,
  reads,
  replays,
  skips,
} from './groupSpecification.ts';

const NACKED = "Client explicitly NAK'ed message.\nno";

describe('a group delivers', () => {
  it('what waits, to who joins, up to what that one takes at a time', () =>
    group()
      .given(reads(0, 1, 2))
      .when(joins('a', 2))
      .then(...delivers('a:0', 'a:1')));

  it('the next one for each that is answered', () =>
    group()
      .given(joins('a', 2), reads(0, 1, 2, 3))
      .when(acks(0))
      .then(...delivers('a:2')));

  it('nothing for an answer to what is not in flight', () =>
    group().given(joins('a', 1), reads(0, 1)).when(acks(7)).then());

  it('events with the same id one after the other', () =>
    group()
      .given(joins('a'), reads(5, 5))
      .when(acks(5))
      .then(...delivers('a:5')));
});

describe('an event is sent again', () => {
  it('when it is nacked for it, before any that is later', () =>
    group()
      .given(joins('a', 1), reads(0, 1))
      .when(nacks('retry', 0))
      .then(...delivers('a:0#1')));

  it('when it is nacked for no known reason', () =>
    group()
      .given(joins('a', 1), reads(0, 1))
      .when(nacks('unknown', 0))
      .then(...delivers('a:0#1')));

  it('when its time is over, and not before', () => {
    group({ messageTimeout: 1_000 }).given(joins('a'), reads(0)).when(after(999)).then();
    group({ messageTimeout: 1_000 })
      .given(joins('a'), reads(0))
      .when(after(1_000))
      .then(...delivers('a:0#1'));
  });

  it('to another when its consumer leaves, in the order of the source', () =>
    group()
      .given(joins('a', 3), reads(0, 1, 2), leaves('a'))
      .when(joins('b'))
      .then(...delivers('b:0#1', 'b:1#1', 'b:2#1')));

  it('in the order of the source, whatever the order of the nacks', () =>
    group()
      .given(joins('a'), reads(0, 1, 2))
      .when(nacks('retry', 2, 0, 1))
      .then(...delivers('a:0#1', 'a:1#1', 'a:2#1')));
});

describe('an event is parked', () => {
  it('when it was sent again as often as is allowed', () =>
    group({ maxRetryCount: 1 })
      .given(joins('a'), reads(0), nacks('retry', 0))
      .when(nacks('retry', 0))
      .then({ park: 0, reason: 'Reached retry count of 1' }));

  it('when its time was over as often', () =>
    group({ maxRetryCount: 0, messageTimeout: 10 })
      .given(joins('a'), reads(0))
      .when(after(10))
      .then({ park: 0, reason: 'Reached retry count of 0' }));

  it('when the consumer says so, who gets the next at once', () =>
    group()
      .given(joins('a', 1), reads(0, 1))
      .when(nacks('park', 0))
      .then({ park: 0, reason: NACKED }, { deliver: 'a:1' }));

  it('or else is sent again', () =>
    group()
      .given(joins('a'), reads(0), nacks('park', 0))
      .when(failsToPark(0))
      .then(...delivers('a:0')));
});

describe('an event is done with', () => {
  it.each(['skip', 'stop'] as const)('when it is nacked with “%s”', action =>
    group({ maxCheckPointCount: 1 })
      .given(joins('a'), reads(0))
      .when(nacks(action, 0))
      .then({ checkpoint: 0 }),
  );
});

describe('a checkpoint', () => {
  const one = { maxCheckPointCount: 1 };

  it('comes at once after the most events that may be between', () =>
    group({ maxCheckPointCount: 2 })
      .given(joins('a'), reads(0, 1), acks(0))
      .when(acks(1))
      .then({ checkpoint: 1 }));

  it('stays before the first that is in flight', () =>
    group(one)
      .given(joins('a'), reads(0, 1, 2))
      .when(acks(2), acks(0))
      .then({ checkpoint: 0 }));

  it('stays before one that is to be sent again', () =>
    group(one).given(joins('a'), reads(0, 1), nacks('retry', 0), leaves('a')).when(acks(1)).then());

  it('stays before one that waits for a consumer', () =>
    group(one)
      .given(joins('a', 1), reads(0, 1, 2))
      .when(acks(0))
      .then({ checkpoint: 0 }, { deliver: 'a:1' }));

  it('stays before one until it is really parked', () => {
    group(one).given(joins('a'), reads(0), nacks('park', 0)).when(after(100)).then();
    group(one).given(joins('a'), reads(0), nacks('park', 0)).when(parks(0)).then({ checkpoint: 0 });
  });

  it('comes by the clock when enough events are done', () => {
    const settings = { minCheckPointCount: 2, checkPointAfter: 1_000 };
    group(settings).given(joins('a'), reads(0, 1), acks(0)).when(after(5_000)).then();
    group(settings).given(joins('a'), reads(0, 1), acks(0, 1)).when(after(5_000)).then({ checkpoint: 1 });
  });

  it('comes by the clock no sooner than the time between two', () => {
    const settings = { minCheckPointCount: 1, checkPointAfter: 1_000 };
    const done = [joins('a'), reads(0, 1), acks(0), after(1), acks(1)];
    group(settings)
      .given(...done)
      .when(after(999))
      .then();
    group(settings)
      .given(...done)
      .when(after(1_000))
      .then({ checkpoint: 1 });
  });

  it('never comes by the clock without a time for it', () =>
    group({ minCheckPointCount: 1, checkPointAfter: 0 })
      .given(joins('a'), reads(0), acks(0))
      .when(after(1_000_000))
      .then());

  it('is not written twice', () =>
    group({ minCheckPointCount: 0, checkPointAfter: 1 })
      .given(joins('a'), reads(0), acks(0), after(10))
      .when(after(10))
      .then());

  it('moves over what a filter leaves out', () =>
    group({ maxCheckPointCount: 3 }).given(skips(1, 2)).when(skips(3)).then({ checkpoint: 3 }));

  it('is not made by what only the group itself has written', () => {
    group(one).given(joins('a'), reads(1), acks(1)).when(passes(2), after(10_000)).then();
    group(one).given(joins('a'), passes(2), reads(3)).when(acks(3)).then({ checkpoint: 3 });
  });

  it('counts from the one that the group began with', () =>
    group({ maxCheckPointCount: 1 }, 41).given(joins('a'), reads(42, 43)).when(acks(43)).then());
});

describe('a replayed event', () => {
  it('comes after those to be sent again, and does not hold the checkpoint', () =>
    group({ maxCheckPointCount: 1 })
      .given(reads(7), replays(0), joins('a', 2))
      .when(acks(7))
      .then({ checkpoint: 7 }));

  it('is told when none is left, however it was done', () => {
    group().given(joins('a'), replays(0, 1), acks(0)).when(acks(1)).then({ replayed: true });
    group().given(joins('a'), replays(0)).when(nacks('skip', 0)).then({ replayed: true });
    group().given(joins('a'), replays(0), nacks('park', 0)).when(parks(0)).then({ replayed: true });
  });

  it('can be sent again', () =>
    group()
      .given(joins('a'), replays(0))
      .when(nacks('retry', 0))
      .then(...delivers('a:0#1*')));
});
