/** What the declarations of read models derive: the part that all records share, keyed rows, and facts. */
import { describe, expect, test } from 'vitest';
import { accountTree } from '../../../src/domain/customers/accountTree.ts';
import { product } from '../../../src/domain/sales/product.ts';
import { choice, ref, text, texts } from '../../../src/projections/columns.ts';
import { foldFromScratch } from '../../../src/projections/engine/verify.ts';
import { factModel, keyedModel, type ReadModel, recordModel } from '../../../src/projections/readModel.ts';
import { ACME, ANN, GLOBEX, INITECH, id } from '../../support/ids.ts';
import { recorded } from '../../support/recorded.ts';

/** The rows that are left of a story, told as type and data. */
function rowsOf(
  model: ReadModel,
  category: string,
  ...story: readonly (readonly [string, Readonly<Record<string, unknown>>])[]
) {
  const events = story.map(([type, data], revision) =>
    recorded({ type, data, category, aggregateId: id(1), revision, position: BigInt(revision) }),
  );
  const versions = foldFromScratch([model], events).get(model.name) ?? [];
  return versions
    .filter(({ validTo }) => validTo === null)
    .map(({ id: key, row }): Readonly<Record<string, unknown>> => ({ ...row, id: key }));
}

describe('a row of a record', () => {
  const model = recordModel('products', product, {
    version: 1,
    columns: {
      name: text,
      sku: text.optional,
      aliases: texts,
      status: choice('ProductStatus', ['active', 'retired']),
    },
    on: { ProductIntroduced: () => ({ status: 'active' }), ProductRetired: () => ({ status: 'retired' }) },
  });
  const introduced = ['ProductIntroduced', { name: 'Lamp', sku: 'L1', family: 'light' }] as const;
  const [made] = rowsOf(model, 'product', introduced);

  test('begins with the details that are columns, nulls, and empty lists', () => {
    const { createdAt, ...row } = made ?? {};
    expect(createdAt).toMatch(/^2020-/);
    expect(row).toEqual({
      id: id(1),
      name: 'Lamp',
      sku: 'L1',
      aliases: [],
      status: 'active',
      ownerId: null,
      tags: [],
      archived: false,
      revision: null,
      validFrom: null,
      knownFrom: null,
    });
  });

  test.each([
    ['ProductDetailsChanged', { name: 'Lantern', unit: 'piece' }, { name: 'Lantern', sku: 'L1' }],
    ['ProductDetailsChanged', { sku: null }, { name: 'Lamp', sku: null }],
    ['ProductOwnerChanged', { from: null, to: ANN }, { ownerId: ANN }],
    ['ProductArchived', {}, { archived: true }],
    ['ProductTagApplied', { tag: 'new' }, { tags: ['new'] }],
    ['ProductRetired', {}, { status: 'retired', archived: false }],
  ])('after %s', (type, data, after) => {
    const [row] = rowsOf(model, 'product', introduced, [type, data]);
    expect(row).toEqual({ ...made, createdAt: row?.createdAt, ...after });
  });

  test('takes back what was archived and tagged', () => {
    const story = [
      ['ProductTagApplied', { tag: 'a' }],
      ['ProductTagApplied', { tag: 'b' }],
    ] as const;
    const undone = [
      ['ProductArchived', {}],
      ['ProductRestored', {}],
      ['ProductTagRemoved', { tag: 'a' }],
    ] as const;
    expect(rowsOf(model, 'product', introduced, ...story, ...undone)).toMatchObject([
      { archived: false, tags: ['b'] },
    ]);
  });

  test('counts the same tag once when it is given twice', () => {
    expect(rowsOf(model, 'product', ['ProductIntroduced', { name: 'Lamp', tags: ['a', 'a'] }])).toMatchObject(
      [{ tags: ['a'] }],
    );
  });

  test('doesn’t care for other categories', () => {
    expect(rowsOf(model, 'account', introduced)).toEqual([]);
  });
});

test('keyed rows stand where events say, and go when an event says so', () => {
  const model = keyedModel('parents', accountTree, {
    version: 1,
    columns: { parentId: ref('account') },
    on: {
      AccountParentSet: {
        keys: ({ data }) => [data.accountId],
        evolve: (_, { data }) => ({ parentId: data.parentId }),
      },
      AccountParentCleared: { keys: ({ data }) => [data.accountId], evolve: () => null },
    },
  });
  const set = (accountId: string, parentId: string) => ['AccountParentSet', { accountId, parentId }] as const;
  const story = [set(ACME, GLOBEX), set(INITECH, GLOBEX), set(ACME, INITECH)];
  expect(rowsOf(model, 'accountTree', ...story)).toEqual([
    { id: INITECH, parentId: GLOBEX },
    { id: ACME, parentId: INITECH },
  ]);
  expect(rowsOf(model, 'accountTree', ...story, ['AccountParentCleared', { accountId: ACME }])).toEqual([
    { id: INITECH, parentId: GLOBEX },
  ]);
});

test('facts are kept one an event, where there is one', () => {
  const model = factModel('facts', {
    version: 1,
    columns: { type: text },
    fact: ({ type }) => (type === 'Silent' ? undefined : { type }),
  });
  const rows = rowsOf(model, 'thing', ['First', {}], ['Silent', {}], ['First', {}]);
  expect(rows.map(({ type }) => type)).toEqual(['First', 'First']);
  expect(new Set(rows.map(({ id: key }) => key)).size).toBe(2);
  expect([model.appendOnly, model.history]).toEqual([true, false]);
});
