import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTurns } from '../../../src/integrations/import/turns.ts';

const record = fc.constantFrom('a', 'b', 'c');
const row = fc.record({
  sendsTo: fc.array(record, { minLength: 1, maxLength: 3 }),
  looksAt: fc.array(record, { maxLength: 2 }),
  /** It ends before its nth command, as one that a rule refuses. */
  breaksOffAt: fc.nat(3),
});

test('whatever takes how long, each record sees the rows in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(row, { maxLength: 12 }), async (scheduler, rows) => {
      const begin = createTurns();
      const sent = new Map<string, number[]>();
      const looked: { readonly record: string; readonly by: number; readonly after: readonly number[] }[] =
        [];
      const run = async (n: number, { sendsTo, looksAt, breaksOffAt }: (typeof rows)[number]) => {
        const turn = begin(sendsTo, looksAt);
        for (const id of looksAt) {
          await turn.before(id);
          looked.push({ record: id, by: n, after: [...(sent.get(id) ?? [])] });
        }
        for (const id of sendsTo.slice(0, breaksOffAt)) {
          await turn.before(id);
          await scheduler.schedule(Promise.resolve());
          sent.set(id, [...(sent.get(id) ?? []), n]);
        }
        turn.end();
      };
      await scheduler.waitFor(Promise.all(rows.map((each, n) => run(n, each))));

      for (const by of sent.values()) expect(by).toEqual(by.toSorted((a, b) => a - b));
      for (const { record: id, by, after } of looked)
        expect(after.filter(n => n < by)).toEqual((sent.get(id) ?? []).filter(n => n < by));
    }),
  );
});
