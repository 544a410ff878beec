import { describe, expect, test } from 'vitest';
import { createdId } from '../../../src/commands/wish.ts';
import { bakery, changed, evaluate, withParents } from './support.ts';

const cells = {
  name: 'Zum Korn',
  kind: 'shop',
  since: '1.3.2020',
  yearly: '1.234,5',
  city: 'Ulm',
  note: 'x',
};
const inputOf = (more: Partial<typeof cells> = {}, plan: unknown = bakery()) => {
  const { wishes, row } = evaluate(plan, { ...cells, ...more });
  return { request: wishes[0]?.request, problems: row.problems, repairs: row.repairs };
};

test('a row becomes a command with its time', () => {
  expect(inputOf().request).toMatchObject({
    name: 'registerAccount',
    occurredAt: '2020-02-29T23:00:00.000Z',
    input: {
      name: 'Zum Korn',
      industry: 'shop',
      annualRevenue: { amount: '1234500', currency: 'EUR' },
      addresses: [{ kind: 'shop', city: 'Ulm' }],
    },
  });
});

test('an alias is taken, and reported', () => {
  const { request, repairs } = inputOf({ kind: 'cafee' });
  expect(request?.input).toMatchObject({ industry: 'café' });
  expect(repairs).toEqual([expect.objectContaining({ column: 'kind', code: 'ALIAS', value: 'cafee' })]);
});

test('what is empty is left out with the constants around it, and reported where the plan says so', () => {
  const { request, repairs, problems } = inputOf({ yearly: '', city: ' ' });
  expect(request?.input).toEqual({ name: 'Zum Korn', industry: 'shop' });
  expect(repairs).toEqual([expect.objectContaining({ column: 'city', code: 'EMPTY' })]);
  expect(problems).toEqual([]);
});

describe('a bad cell', () => {
  test.each([
    ['name', '', 'KEY_EMPTY'],
    ['name', 'x'.repeat(201), 'VALIDATION'],
    ['name', 'caf\uFFFD', 'BAD_ENCODING'],
    ['name', 'caf\uD83D', 'BAD_ENCODING'],
    ['name', 'c\0a\0f\0', 'BAD_ENCODING'],
    ['kind', 'kiosk', 'VALUE_UNKNOWN'],
    ['since', '31.2.2020', 'BAD_DATE'],
    ['since', '', 'EMPTY'],
    ['since', '1.1.2030', 'OCCURRED_IN_FUTURE'],
    ['yearly', '12.5', 'BAD_NUMBER'],
    ['yearly', '1,123456', 'VALIDATION'],
  ])('%s = %j rejects its row with %s', (column, value, code) => {
    const { problems } = inputOf({ [column]: value });
    expect(problems).toEqual([expect.objectContaining({ column, code, value })]);
  });

  test('that goes to several fields is told of once', () => {
    const twice = { 'addresses.0.postalCode': { column: 'yearly' }, employees: { column: 'yearly' } };
    const plan = changed(bakery(), 'records/0/steps/0/input', { name: { column: 'name' }, ...twice });
    expect(inputOf({ yearly: 'many' }, plan).problems.map(({ code }) => code)).toEqual(['BAD_NUMBER']);
  });

  test('does not hide another one', () => {
    const { problems } = inputOf({ kind: 'kiosk', yearly: 'much' });
    expect(problems.map(({ column }) => column)).toEqual(['kind', 'yearly']);
  });
});

describe('ids', () => {
  test('follow from the key, not from anything else in the row', () => {
    const id = inputOf().request?.commandId;
    expect(inputOf({ city: 'Bonn' }).request?.commandId).toBe(id);
    expect(inputOf({ name: 'Zum Brot' }).request?.commandId).not.toBe(id);
    expect(inputOf({}, changed(bakery(), 'name', 'bakery-2')).request?.commandId).not.toBe(id);
  });

  test('are the same however a file writes an accent', () => {
    const [name, city] = ['Café Zoë'.normalize('NFC'), 'Café Zoë'.normalize('NFD')];
    const { wishes } = evaluate(withParents('city'), { ...cells, name, city });
    expect(wishes[1]?.request.input).toEqual({
      accountId: wishes[0]?.recordId,
      parentId: wishes[0]?.recordId,
    });
  });

  test('of references are those of the records that the plan creates', () => {
    const { wishes } = evaluate(withParents('city'), { ...cells, city: 'Zum Brot' });
    const [creating, relating] = wishes.map(wish => wish.request);
    const parent = inputOf({ name: 'Zum Brot' }).request;
    expect(relating?.input).toEqual({
      accountId: createdId('test', 'account', creating?.commandId ?? ''),
      parentId: createdId('test', 'account', parent?.commandId ?? ''),
    });
  });
});

describe('alternatives', () => {
  const tag = (kind: string) => ({
    name: 'mark',
    command: 'tagAccount',
    when: { kind },
    input: { tags: { constant: [kind] } },
  });
  const plan = changed(changed(bakery(), 'records/0/steps/1', tag('shop')), 'records/0/steps/2', tag('café'));

  test.each(['shop', 'café'])('the first that fits is taken: %s', kind => {
    const { wishes } = evaluate(plan, { ...cells, kind });
    expect(wishes.map(({ request }) => request.input).at(1)).toEqual({ tags: [kind] });
  });

  test('when none fits, the step is idle, under the same commandId', () => {
    const only = changed(plan, 'records/0/steps/2', undefined);
    const steps = (only.records as { steps: object[] }[])[0]?.steps.filter(Boolean);
    const { idle, wishes } = evaluate(changed(only, 'records/0/steps', steps), { ...cells, kind: 'café' });
    const taken = evaluate(plan, { ...cells, kind: 'shop' }).wishes[1]?.request.commandId;
    expect(wishes).toHaveLength(1);
    expect(idle.map(({ commandId }) => commandId)).toEqual([taken]);
  });
});

test('steps of one record that go back in time reject the row before anything is sent', () => {
  const plan = changed(bakery(), 'records/0/steps/1', {
    command: 'changeAccountLifecycle',
    at: { constant: '2019-01-01' },
    input: { lifecycle: { constant: 'customer' } },
  });
  expect(evaluate(plan, cells).row.problems).toEqual([
    expect.objectContaining({ code: 'OCCURRED_BEFORE_LAST' }),
  ]);
});

test.each(['constructor', 'toString', 'values'])('a column, a cell and a kind may be called %s', name => {
  const plan = changed(changed(bakery(), 'records/0/kind', name), 'records/0/steps/0/input', {
    name: { column: name },
    industry: { column: 'kind', map: { [name]: name } },
  });
  const { wishes, row } = evaluate(changed(plan, 'files/customers/columns/kind', { aliases: { a: 'b' } }), {
    ...cells,
    kind: name,
    [name]: name,
  });
  expect(row.problems).toEqual([]);
  expect(wishes[0]?.request.input).toEqual({ name, industry: name });
});

test('text, maps and the first that is there', () => {
  const plan = changed(bakery(), 'records/0/steps/0/input', {
    name: { first: [{ text: '{name} in {city}' }, { text: '{name} {{no city}}' }] },
    lifecycle: { column: 'kind', map: { shop: 'customer', café: 'prospect' } },
  });
  expect(evaluate(plan, cells).wishes[0]?.request.input).toEqual({
    name: 'Zum Korn in Ulm',
    lifecycle: 'customer',
  });
  expect(evaluate(plan, { ...cells, city: '' }).wishes[0]?.request.input).toMatchObject({
    name: 'Zum Korn {no city}',
  });
});
