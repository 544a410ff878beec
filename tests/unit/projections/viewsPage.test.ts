/** What views promise to analysts: the page says it, and making it anew takes nothing back. */
import { expect, test } from 'vitest';
import { date, int, money, ref, text } from '../../../src/projections/columns.ts';
import { factModel, type ReadModel } from '../../../src/projections/readModel.ts';
import { brokenPromises, viewsPage } from '../../../src/projections/viewsPage.ts';

const model = (more: Partial<ReadModel>): ReadModel => ({
  ...factModel('soldThings', { version: 1, columns: {}, fact: () => undefined }),
  ...more,
});
const columns = { price: money, soldOn: date.optional, sellerId: ref('user'), ...model({}).columns };
const { price: _, ...withoutPrice } = columns;
const sold = model({ columns });

test('it lists every column with its type, and what retired ones were called', () => {
  const page = viewsPage([model({ columns, retired: { size: int } })]);
  expect(page).toContain('## crm.sold_things');
  for (const line of [
    '| `workspace_id` | `text` |  |',
    '| `price` | `numeric` | at the scale of its currency |',
    '| `price_currency` | `text` |  |',
    '| `sold_on` | `date` | a calendar day, in no zone; may be empty |',
    '| `seller_id` | `uuid` | of `user` |',
    '| `size` | `integer` | retired: empty |',
  ])
    expect(page.split('\n')).toContain(line);
});

test.each<[string, Partial<ReadModel>, readonly string[]]>([
  ['nothing changes', { columns }, []],
  ['a column is added', { columns: { more: text, ...columns } }, []],
  ['a column is retired', { columns: withoutPrice, retired: { price: money } }, []],
  [
    'a column goes',
    { columns: withoutPrice },
    ['crm.sold_things.price numeric', 'crm.sold_things.price_currency text'],
  ],
  ['one is of another type', { columns: { ...columns, soldOn: text } }, ['crm.sold_things.sold_on date']],
])('when %s, it is said what making it anew would take back', (_, next, broken) => {
  expect(brokenPromises(viewsPage([sold]), [model(next)])).toEqual(broken);
});

test('a view that goes takes all of its columns with it', () => {
  expect(brokenPromises(viewsPage([sold]), [])).toHaveLength(Object.keys(columns).length + 3);
});
