/** The search, at any moment, against a look at every record; with trigrams and without. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AT, MOMENT, moments } from './moments.ts';
import { createOracle, type Oracle, type Shown, type When } from './oracle.ts';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let story: Story;
let oracle: Oracle;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
  oracle = createOracle(world.models, await world.log());
});
afterAll(() => world.close());

const LISTS: Readonly<Record<string, string>> = {
  account: 'accounts',
  activity: 'activities',
  contact: 'contacts',
  opportunity: 'opportunities',
  pipeline: 'pipelines',
  product: 'products',
  team: 'teams',
  user: 'users',
};
const TYPES = Object.keys(LISTS);

type Hit = {
  readonly recordType: string;
  readonly id: string;
  readonly name: string;
  readonly field: string;
  readonly text: string;
};
const QUERY = `query Search($text: String!, $types: [SearchableType!], $first: Int, ${MOMENT}) {
  search(text: $text, types: $types, first: $first, ${AT}) { recordType id name field text } }`;
const ask = async (args: object): Promise<readonly Hit[]> => (await world.data(QUERY, args)).search;

/** What a record's searchable fields hold. */
const textsOf = (recordType: string, row: Shown): readonly (readonly [string, string])[] =>
  Object.entries(oracle.model(LISTS[recordType] ?? '').columns).flatMap(([field, { searchable }]) => {
    const value = row[field];
    return searchable && value !== null ? [[field, [value].flat().join(' ')] as const] : [];
  });
const low = (text: string) => text.toLowerCase();
const rankOf = (found: string, text: string): number => {
  const [hay, needle] = [low(found), low(text)];
  if (hay === needle) return 0;
  if (hay.startsWith(needle)) return 1;
  if (hay.includes(` ${needle}`)) return 2;
  if (hay.includes(needle)) return 3;
  return hay.includes(needle.split(' ')[0] ?? '') ? 4 : 5;
};

function expected(text: string, types: readonly string[], when: When) {
  return types.flatMap(recordType =>
    oracle.rows(LISTS[recordType] ?? '', when).flatMap(row => {
      const texts = textsOf(recordType, row);
      const holds = (word: string) => texts.some(([, found]) => low(found).includes(low(word)));
      if (!text.split(' ').every(holds)) return [];
      return [{ recordType, id: row.id, rank: Math.min(...texts.map(([, found]) => rankOf(found, text))) }];
    }),
  );
}

const wanted = () => {
  const names = [
    ...new Set(
      TYPES.flatMap(type =>
        oracle.rows(LISTS[type] ?? '').flatMap(row => textsOf(type, row).map(([, text]) => text)),
      ),
    ),
  ];
  const part = fc
    .tuple(fc.constantFrom(...names), fc.nat(30), fc.integer({ min: 1, max: 12 }))
    .map(([name, from, length]) =>
      name
        .slice(from % name.length, (from % name.length) + length)
        .trim()
        .replace(/\s+/g, ' '),
    )
    .filter(text => text !== '');
  const two = fc.tuple(part, part).map(([a, b]) => `${a} ${b}`);
  const changed = part.map(text => text.toUpperCase()).filter(text => low(text).length === text.length);
  return fc.oneof(
    { weight: 4, arbitrary: part },
    { weight: 1, arbitrary: two },
    { weight: 1, arbitrary: changed },
    { weight: 1, arbitrary: fc.constantFrom('%', '_', '\\', 'zzz') },
  );
};

const key = ({ recordType, id }: { recordType: string; id: string }) => `${recordType} ${id}`;

const findsAll = (numRuns: number) =>
  fc.assert(
    fc.asyncProperty(
      wanted(),
      fc.subarray(TYPES, { minLength: 1 }),
      moments(oracle),
      async (text, types, { args, when }) => {
        const all = expected(text, types, when);
        const hits = await ask({ text, types, first: 50, ...args });
        const ranks = new Map(all.map(each => [key(each), each.rank]));
        const told = hits.map(hit => ranks.get(key(hit)));
        if (all.length <= 50) expect(hits.map(key).sort()).toEqual(all.map(key).sort());
        expect(told).toEqual(
          all
            .map(({ rank }) => rank)
            .sort((a, b) => a - b)
            .slice(0, 50),
        );
        for (const [i, hit] of hits.entries()) {
          const row = oracle.rows(LISTS[hit.recordType] ?? '', when).find(({ id }) => id === hit.id);
          expect(hit.name).toBe(row?.name ?? row?.subject);
          expect(textsOf(hit.recordType, row as Shown)).toContainEqual([hit.field, hit.text]);
          expect(rankOf(hit.text, text)).toBe(told[i]);
        }
      },
    ),
    { numRuns },
  );

test('finds what every word stands in, the best first, at any moment', () => findsAll(120));

test('shows the records that it finds, each of its type and of that moment', async () => {
  const query = `query Found(${MOMENT}) { search(text: "fleet", ${AT}) { id record { __typename
    ... on Opportunity { id name account { name } } ... on Account { id name } } } }`;
  for (const args of [{}, { asOf: '2017-03-15' }]) {
    const deals = oracle.rows('opportunities', 'asOf' in args ? { asOf: '2017-03-15T23:59:59.999Z' } : {});
    const { search } = await world.data(query, args);
    expect(search.length).toBeGreaterThan(5);
    for (const { id, record } of search) {
      expect(record).toMatchObject({
        __typename: 'Opportunity',
        id,
        name: deals.find(deal => deal.id === id)?.name,
      });
    }
  }
});

test('an old name finds a record on a day when it had it', async () => {
  const renamed = story.accounts[4];
  const found = async (args: object) => (await ask({ text: 'zeta ag', ...args })).map(({ id }) => id);
  expect(await found({})).toContain(renamed);
  expect(await found({ asOf: '2017-03-15' })).not.toContain(renamed);
  expect((await ask({ text: 'zeta', asOf: '2017-03-15' })).map(({ id }) => id)).toContain(renamed);
});

test.each([
  ['text', { text: '   ' }],
  ['text', { text: 'a\u0000b' }],
  ['text', { text: 'x'.repeat(201) }],
  ['text', { text: 'a b c d e f g h i' }],
  ['first', { text: 'a', first: 51 }],
  ['first', { text: 'a', first: 0 }],
])('what can not be looked for is refused: %s %j', async (path, args) => {
  const { errors } = await world.ask(QUERY, args);
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'VALIDATION', fields: [{ path }] });
});

test('Postgres has an index for it, and where it has none the same is found', async () => {
  const indexes = async () =>
    (await world.postgres.pool.query(`SELECT FROM pg_indexes WHERE indexname = 'rows_search_idx'`)).rowCount;
  expect(await indexes()).toBe(TYPES.length);
  await world.postgres.pool.query('DROP EXTENSION pg_trgm CASCADE');
  expect(await indexes()).toBe(0);
  await findsAll(30);
});
