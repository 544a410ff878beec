import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChangedRows, payloadIn, payloadsOf } from '../../../src/projections/engine/notify.ts';

/** Postgres refuses payloads of 8,000 bytes and more. */
const LIMIT = 8_000;

const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/);
const changed: fc.Arbitrary<ChangedRows> = fc
  .uniqueArray(
    fc.tuple(
      names,
      fc
        .uniqueArray(fc.tuple(names, fc.array(fc.uuid(), { minLength: 1, maxLength: 400, size: 'max' })), {
          minLength: 1,
          maxLength: 4,
          selector: ([model]) => model,
        })
        .map(models => new Map(models)),
    ),
    { maxLength: 4, selector: ([workspace]) => workspace },
  )
  .map(workspaces => new Map(workspaces));

/** Every row that payloads name, in their order. */
const rowsIn = (payloads: readonly string[]) =>
  payloads.flatMap(text =>
    Object.entries(payloadIn(text)?.changed ?? {}).flatMap(([workspace, models]) =>
      Object.entries(models).flatMap(([model, ids]) => ids.map(id => `${workspace}/${model}/${id}`)),
    ),
  );

test('a batch’s notifications fit Postgres, name every row once, and the last has the position', () =>
  fc.assert(
    fc.property(changed, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (rows, position) => {
      const payloads = payloadsOf(rows, position);
      for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(LIMIT);
      const positions = payloads.map(payload => payloadIn(payload)?.position);
      expect(positions).toEqual([...payloads.slice(1).map(() => undefined), String(position)]);
      const wanted = [...rows].flatMap(([workspace, models]) =>
        [...models].flatMap(([model, ids]) => ids.map(id => `${workspace}/${model}/${id}`)),
      );
      expect(rowsIn(payloads).sort()).toEqual(wanted.sort());
    }),
    { numRuns: 50 },
  ));

test('few rows take one notification, and none too', () => {
  expect(payloadsOf(new Map(), 7n)).toEqual(['{"position":"7"}']);
  expect(payloadsOf(new Map([['w', new Map([['m', ['1', '2']]])]]), 7n)).toEqual([
    '{"changed":{"w":{"m":["1","2"]}},"position":"7"}',
  ]);
});

test('what isn’t a notification of ours says nothing', () => {
  for (const text of ['', '7', 'null', '{"position":"x"}', '{"changed":[]}', '{"changed":{"w":{"m":[1]}}}'])
    expect(payloadIn(text), text).toBe(undefined);
});
