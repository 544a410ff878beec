import { describe, expect, test } from 'vitest';
import { feedQueue } from '../../../src/projections/engine/feed.ts';
import type { LogEvent } from '../../../src/projections/engine/source.ts';

const event = (n: number): LogEvent => ({
  point: { commit: BigInt(n), prepare: BigInt(n), eventId: String(n) },
  decoded: { kind: 'foreign' },
});
const places = (batch: readonly LogEvent[]) => batch.map(({ point }) => Number(point.commit));

function queue() {
  const asked: string[] = [];
  const ask = (what: string) => () => void asked.push(what);
  const { feed, push, end, fail } = feedQueue<LogEvent>({
    pause: ask('pause'),
    resume: ask('resume'),
    close: ask('close'),
  });
  return {
    asked,
    feed,
    end,
    fail,
    bring: (...of: readonly number[]) => of.forEach(n => void push(event(n))),
  };
}

describe('what is taken', () => {
  test('is what has arrived, in order, and never more than is asked for', async () => {
    const { feed, bring } = queue();
    bring(1, 2, 3, 4, 5);
    expect(places(await feed.take(2))).toEqual([1, 2]);
    bring(6);
    expect(places(await feed.take(9))).toEqual([3, 4, 5, 6]);
  });

  test('waits for the first event alone', async () => {
    const { feed, bring } = queue();
    const taking = feed.take(9);
    bring(1);
    expect(places(await taking)).toEqual([1]);
  });
});

describe('a subscription that is over', () => {
  test('still gives what it brought, then nothing', async () => {
    const { feed, bring, end } = queue();
    bring(1, 2);
    end();
    bring(3); // too late
    expect([places(await feed.take(1)), places(await feed.take(9)), await feed.take(9)]).toEqual([
      [1],
      [2],
      [],
    ]);
  });

  test('that failed gives what it brought, then its error, always', async () => {
    const { feed, bring, fail, end } = queue();
    bring(1);
    fail(new Error('unavailable'));
    end();
    expect(places(await feed.take(9))).toEqual([1]);
    await expect(feed.take(9)).rejects.toThrow('unavailable');
    await expect(feed.take(9)).rejects.toThrow('unavailable');
  });

  test.each(['end', 'fail'] as const)('wakes who waits: %s', async how => {
    const { feed, ...over } = queue();
    const taking = feed.take(9).then(places, () => 'failed');
    over[how](new Error('unavailable'));
    expect(await taking).toEqual(how === 'end' ? [] : 'failed');
  });

  test('that is closed gives nothing more, and is closed where it comes from', async () => {
    const { feed, bring, asked } = queue();
    const taking = feed.take(9);
    bring(1);
    feed.close();
    expect([await taking, await feed.take(9), asked]).toEqual([[], [], ['close']]);
  });
});

test('a whole batch is taken where there is one, without waiting', () => {
  const { feed, bring } = queue();
  bring(1, 2, 3);
  expect([feed.whole(4), feed.whole(2), feed.whole(2)].map(places)).toEqual([[], [1, 2], []]);
});

test('it is held back while four batches wait, and let go on when less than two do', async () => {
  const { feed, bring, asked } = queue();
  const numbers = Array.from({ length: 4_500 }, (_, i) => i);
  bring(...numbers.slice(0, 3_999));
  expect(asked).toEqual([]);
  bring(...numbers.slice(3_999)); // what was on its way
  expect(asked).toEqual(['pause']);
  const taken = [...(await feed.take(1_000)), ...feed.whole(1_000)];
  expect(asked).toEqual(['pause']);
  taken.push(...feed.whole(1_000));
  expect(asked).toEqual(['pause', 'resume']);
  taken.push(...(await feed.take(4_500)));
  expect(places(taken)).toEqual(numbers);
});
