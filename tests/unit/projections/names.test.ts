/** From declarations to SQL: names, types, tables and the fingerprint that tells whether tables still fit. */
import { describe, expect, test } from 'vitest';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import { int, money, refs, searchable, text, type texts } from '../../../src/projections/columns.ts';
import { columnSql, columnsOf, quoted, schemaName, snake } from '../../../src/projections/engine/sqlNames.ts';
import { createTables, fingerprintOf, indexesOf } from '../../../src/projections/engine/tables.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { thingParts, things } from '../../integration/projections/models.ts';

const models = await loadReadModels();

test('words are written as SQL has them', () => {
  expect([snake('closedOn'), snake('x'), schemaName('accountParents', 2, 13)]).toEqual([
    'closed_on',
    'x',
    'account_parents_v2_b13',
  ]);
});

test.each(['', 'Upper', '1st', 'a-b', 'a"b', 'a b', 'é', 'x'.repeat(64)])('%j is no name', name => {
  expect(() => quoted(name)).toThrow(/can't be a name in SQL/);
});

test('money takes two columns, everything else one', () => {
  const names = (column: Parameters<typeof columnSql>[1]) =>
    columnSql('listPrice', column).map(({ name, type, nullable }) => [name, type, nullable]);
  expect(names(money.optional)).toEqual([
    ['list_price', 'numeric', true],
    ['list_price_currency', 'text', true],
  ]);
  expect(names(refs('product'))).toEqual([['list_price', 'uuid[]', false]]);
});

test.each(models.map(model => [model.name, model] as const))(
  '%s has tables that Postgres takes',
  (_, model) => {
    const names = columnsOf(model).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of columnsOf(model)) expect(quoted(name)).toBe(`"${name}"`);
    // pg cuts off the names of prepared statements at 63 characters.
    expect(`${schemaName(model.name, 999, 999)}.supersede`.length).toBeLessThan(64);
    // A column that doesn't exist would make an index of the workspace alone.
    for (const index of model.indexes) expect(index.filter(column => !(column in model.columns))).toEqual([]);
  },
);

/** Without the columns that the engine writes, to be short. */
const columnsOfParts = { count: int, note: text.optional } as unknown as ReadModel['columns'];

test('tables hold what is declared, and history what ends besides', () => {
  const model: ReadModel = { ...thingParts, columns: columnsOfParts, history: true };
  expect(createTables(model, 'parts')).toEqual([
    'CREATE SCHEMA "parts"',
    'CREATE TABLE "parts".rows ("workspace_id" text NOT NULL, "id" uuid NOT NULL, "count" integer NOT NULL, "note" text, PRIMARY KEY (workspace_id, id))',
    'CREATE TABLE "parts".history ("workspace_id" text NOT NULL, "id" uuid NOT NULL, "count" integer NOT NULL, "note" text, "valid_to" timestamptz(3) NOT NULL, "known_to" bigint NOT NULL)',
  ]);
  expect(createTables({ ...model, history: false }, 'parts')).toHaveLength(2);
});

test('indexes begin with the workspace; those of lists are GIN; references have them over the history too', () => {
  const model: ReadModel = { ...things, indexes: [...things.indexes, ['ownerId'], ['partIds']] };
  expect(indexesOf(model, 'things').map(({ create }) => create)).toEqual([
    'CREATE INDEX "rows_workspace_id_name_idx" ON "things".rows ("workspace_id", "name")',
    'CREATE INDEX "rows_workspace_id_owner_id_size_idx" ON "things".rows ("workspace_id", "owner_id", "size")',
    'CREATE INDEX "rows_tags_idx" ON "things".rows USING gin ("tags")',
    'CREATE INDEX "rows_workspace_id_owner_id_idx" ON "things".rows ("workspace_id", "owner_id")',
    'CREATE INDEX "rows_part_ids_idx" ON "things".rows USING gin ("part_ids")',
    'CREATE INDEX "history_workspace_id_id_known_from_idx" ON "things".history ("workspace_id", "id", "known_from")',
    'CREATE INDEX "history_workspace_id_valid_to_valid_from_known_to_known_fro_idx" ON "things".history ("workspace_id", "valid_to", "valid_from", "known_to", "known_from")',
    'CREATE INDEX "history_workspace_id_known_to_known_from_idx" ON "things".history ("workspace_id", "known_to", "known_from")',
    'CREATE INDEX "history_workspace_id_owner_id_idx" ON "things".history ("workspace_id", "owner_id")',
    'CREATE INDEX "history_part_ids_idx" ON "things".history USING gin ("part_ids")',
  ]);
});

test('what people look for has one index of trigrams, where Postgres has those', () => {
  const { name, tags } = things.columns;
  const columns = {
    ...things.columns,
    name: searchable(name as typeof text),
    tags: searchable(tags as typeof texts),
  };
  const model: ReadModel = { ...things, indexes: [], history: false, columns };
  expect(indexesOf(model, 'things')).toEqual([]);
  expect(indexesOf(model, 'things', 'relata').map(({ create }) => create)).toEqual([
    'CREATE INDEX rows_search_idx ON "things".rows USING gin (("name") "relata".gin_trgm_ops, (relata.joined("tags")) "relata".gin_trgm_ops)',
  ]);
  expect(fingerprintOf(model)).toBe(fingerprintOf({ ...model, columns: things.columns }));
});

describe('the fingerprint', () => {
  const { size, ...rest } = things.columns;
  test.each<[string, ReadModel]>([
    ['a column less', { ...things, columns: rest as ReadModel['columns'] }],
    ['another name', { ...things, columns: { ...rest, length: size } as ReadModel['columns'] }],
    ['another type', { ...things, columns: { ...things.columns, size: text.optional } }],
    ['null forbidden', { ...things, columns: { ...things.columns, size: int } }],
    ['other indexes', { ...things, indexes: [['name']] }],
    ['no history', { ...things, history: false }],
  ])('is another with %s', (_, changed) => {
    expect(fingerprintOf(changed)).not.toBe(fingerprintOf(things));
  });

  test('stays when only folds and versions change', () => {
    expect(fingerprintOf({ ...things, version: 9, handler: () => undefined })).toBe(fingerprintOf(things));
  });
});
