import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { json, money, refs } from '../../../src/projections/columns.ts';
import { arrayOf, type Keyed, paramOf, versionOf } from '../../../src/projections/engine/encode.ts';
import { columnSql, columnsOf } from '../../../src/projections/engine/sqlNames.ts';
import { things } from '../../integration/projections/models.ts';
import { id } from '../../support/ids.ts';

/** pg's own reading of `text[]`. */
const read: (text: string) => unknown = pg.types.getTypeParser(1009 as never, 'text'); // its type lists scalars only

const keyed = (row: Record<string, unknown>): Keyed => ({
  workspaceId: 'default',
  id: id(1),
  version: { row, revision: 3, validFrom: '2024-01-01T00:00:00.000Z', knownFrom: 9n },
});

describe('an array', () => {
  test('of any texts is read as it was written', () =>
    fc.assert(
      fc.property(fc.array(fc.option(fc.string({ unit: 'grapheme' }))), texts => {
        expect(read(arrayOf(texts, text => text))).toEqual(texts);
      }),
    ));

  test('of NULL’s own name holds a text, and nothing is null', () => {
    expect(arrayOf(['NULL', '', undefined, null], value => value)).toBe('{"NULL","",NULL,NULL}');
  });

  test('of arrays carries each as text', () => {
    const { read: tags } = paramOf(columnSql('partIds', refs('thing'))[0]!);
    const inner = tags(keyed({ partIds: ['a', 'b'] }));
    expect(read(arrayOf([inner], value => value))).toEqual(['{"a","b"}']);
    expect(tags(keyed({ partIds: null }))).toBe(null);
  });
});

test('numbers, positions and booleans are sent as they are', () => {
  expect(arrayOf([1, -2.5, 2n ** 60n, true], value => value)).toBe('{1,-2.5,1152921504606846976,true}');
});

test('money is two columns, and null where there is none', () => {
  const [amount, currency] = columnSql('price', money.optional).map(column => paramOf(column).read);
  const both = (row: Record<string, unknown>) => [amount?.(keyed(row)), currency?.(keyed(row))];
  expect(both({ price: { amount: '1.50', currency: 'EUR' } })).toEqual(['1.50', 'EUR']);
  expect(both({ price: null })).toEqual([undefined, undefined]);
});

test('what JSON there is is sent as its text, and nothing as null', () => {
  const { read: extra } = paramOf(columnSql('extra', json().optional)[0]!);
  expect([{ a: 1 }, [], '', false, null, undefined].map(value => extra(keyed({ extra: value })))).toEqual([
    '{"a":1}',
    '[]',
    '""',
    'false',
    null,
    null,
  ]);
});

test('a row that was loaded is as the fold left it', () => {
  const row = {
    name: 'n',
    note: null,
    colour: 'red',
    size: 1,
    done: false,
    price: { amount: '1.50', currency: 'EUR' },
    dueOn: '2024-02-29',
    seenAt: '2024-02-29T00:00:00.000Z',
    ownerId: id(7),
    partIds: [id(8)],
    tags: [],
    extra: { a: [1] },
  };
  const given = keyed(row);
  const columns = columnsOf(things);
  // As the database gives them back: each column's value.
  const values = columns.map(column => {
    if (column.of === 'extra') return row.extra;
    if (column.kind === 'refs' || column.kind === 'texts') return row[column.of as 'partIds' | 'tags'];
    return paramOf(column).read(given) ?? null;
  });
  expect(versionOf(columns, values)).toEqual({ key: `default/${id(1)}`, version: given.version });
});
