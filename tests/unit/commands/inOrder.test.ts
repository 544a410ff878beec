import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder } from '../../../src/commands/inOrder.ts';

test('answers come in order, and never more than the limit are on their way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 8 }), async (scheduler, limit) => {
      let taken = 0;
      let yielded = 0;
      let most = 0;
      function* source() {
        for (let i = 0; i < 30; i++) {
          taken += 1;
          most = Math.max(most, taken - yielded);
          yield i;
        }
      }
      const answers: number[] = [];
      const done = (async () => {
        for await (const answer of inOrder(source(), limit, i => scheduler.schedule(Promise.resolve(i)))) {
          yielded += 1;
          answers.push(answer);
        }
      })();
      await scheduler.waitFor(done);
      expect(answers).toEqual(Array.from({ length: 30 }, (_, i) => i));
      expect(most).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 50 },
  );
});

test('a failure waits for what has begun', async () => {
  const begun = Promise.withResolvers<void>();
  let finished = false;
  const run = async (i: number) => {
    if (i === 0) throw new Error('the first fails');
    await begun.promise;
    finished = true;
  };
  const failing = (async () => {
    for await (const _ of inOrder([0, 1], 2, run));
  })();
  queueMicrotask(begun.resolve);
  await expect(failing).rejects.toThrow('the first fails');
  expect(finished).toBe(true);
});
