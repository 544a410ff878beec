import { describe, expect, test } from 'vitest';
import { bakery, changed, issuesOf } from './support.ts';

const STEP = 'records/0/steps/0';

test('the plan itself is right', () => {
  expect(issuesOf(bakery())).toEqual([]);
});

describe('what is wrong is named with its place and what to do', () => {
  test.each([
    ['version', 2, /^version: must be 1/],
    ['name', 'My Plan', /^name: must hold small letters/],
    ['name', undefined, /^name: is missing/],
    ['recordz', [], /^: "recordz" is unknown here; correct its spelling/],
    ['records', [], /^records: /],
    ['zone', 'Mars/Base', /^zone: "Mars\/Base" is no time zone/],
    [
      'files/customers/columns/since/date/format',
      'dd.MM',
      /^records\[0\]\.steps\[0\]\.at\.column: .*says nothing of the year/,
    ],
    ['files/customers/columns/kind/alias', {}, /^files\.customers\.columns\.kind: "alias" is unknown/],
    ['files/more', { file: 'x.csv' }, /^files\.more: no pass reads it/],
    ['files/customers/ignore', ['city'], /^files\.customers\.ignore: a step uses column "city"/],
    ['files/customers/delimiter', '"', /delimiter: must be one character, and neither a quote/],
    [
      'files/customers/columns/yearly/number/group',
      ',',
      /columns\.yearly\.number\.group: must not be what stands before the decimals/,
    ],
    ['records/0/file', 'custmers', /^records\[0\]\.file: "custmers" is not under files/],
    ['records/0/file', 'constructor', /^records\[0\]\.file: "constructor" is not under files/],
    [
      `${STEP}/command`,
      'registerAcount',
      /^records\[0\]\.steps\[0\]\.command: there is no command registerAcount/,
    ],
    [`${STEP}/command`, 'claimReservation', /there is no command claimReservation/],
    [
      `${STEP}/input/nam`,
      { column: 'name' },
      /input\.nam: .*there is no field nam in its input; it has name, domain/,
    ],
    [
      `${STEP}/input/addresses.town`,
      { column: 'city' },
      /input\["addresses\.town"\]: .*addresses is a list; write addresses\.0/,
    ],
    [`${STEP}/input/name.first`, { column: 'name' }, /name has no parts/],
    [`${STEP}/input/name`, undefined, /input: registerAccount needs name/],
    [
      `${STEP}/input/annualRevenue.currency`,
      undefined,
      /input: registerAccount needs annualRevenue\.currency; say where it comes from/,
    ],
    [
      `${STEP}/input/lifecycle`,
      { column: 'kind', map: { shop: 'client' } },
      /lifecycle\.map\.shop: .*expected one of/,
    ],
    [`${STEP}/at`, { column: 'kind', map: { shop: 'long ago' } }, /at\.map\.shop: write it like 2016-10-01/],
    [
      `${STEP}/input/name`,
      { column: 'name', constant: 'x' },
      /input\.name: say exactly one of .*not column and constant/,
    ],
    [`${STEP}/input/name`, {}, /input\.name: say exactly one of/],
    [`${STEP}/input/name`, { constant: '' }, /input\.name\.constant: /],
    [`${STEP}/input/name`, { text: 'a {name' }, /input\.name\.text: a brace stands alone/],
    [`${STEP}/input/employees`, { text: '{name}' }, /input\.employees: the field takes no text/],
    [`${STEP}/input/foundedYear`, { constant: 'long ago' }, /foundedYear\.constant: /],
    [`${STEP}/input/ownerId`, { column: 'name' }, /ownerId: it takes the id of a user; add "ref"/],
    [
      `${STEP}/input/ownerId`,
      { ref: 'customer', column: 'name' },
      /ownerId\.ref: "customer" is created further down/,
    ],
    [
      'records/0/steps/1',
      { command: 'absorb', input: {} },
      /steps\[1\]\.command: there is no command absorb/,
    ],
    [
      'records/0/steps/1',
      {
        command: 'setAccountParent',
        input: {
          accountId: { ref: 'customer', column: 'name' },
          parentId: { ref: 'customer', column: 'city' },
        },
      },
      /^records\[0\]\.steps\[1\]\.input\.parentId\.ref: "customer" is created in this very pass, .*move the step to a pass of its own/,
    ],
    [
      `${STEP}/input/ownerId`,
      { ref: 'seller', column: 'name' },
      /ownerId\.ref: no step creates a "seller"; name one of customer/,
    ],
    [`${STEP}/on`, { ref: 'customer', column: 'name' }, /on: registerAccount names its record itself/],
    [`${STEP}/at`, { constant: 'yesterday' }, /at\.constant: write it like 2016-10-01/],
    [`${STEP}/when`, { kind: 7 }, /when\.kind: must be a value, a list of values/],
    [
      `${STEP}/input/addresses.0`,
      { constant: { city: 'Ulm' } },
      /input: addresses\.0 is a value and has parts/,
    ],
  ])('%s = %j', (path, value, expected) => {
    expect(issuesOf(changed(bakery(), path, value))).toContainEqual(expect.stringMatching(expected));
  });
});

test.each(['files', 'files/customers/columns', `${STEP}/input`, `${STEP}/when`])(
  '"__proto__" among %s is no name, and not left out in silence',
  path => {
    const plan = changed(changed(bakery(), `${STEP}/when`, {}), path, JSON.parse('{"__proto__": "x"}'));
    expect(issuesOf(plan)).toEqual([
      expect.stringMatching(/: "__proto__" can't be a name here; use another/),
    ]);
  },
);

describe('steps', () => {
  const withSteps = (...steps: object[]) => {
    const plan = bakery();
    return changed(plan, 'records/0/steps', [...(plan.records[0]?.steps ?? []), ...steps]);
  };

  test('of one name are alternatives, and need conditions', () => {
    const twice = { command: 'tagAccount', input: { 'tags.0': { column: 'kind' } } };
    expect(issuesOf(withSteps(twice, twice))).toContainEqual(
      expect.stringMatching(/another step is called tagAccount too/),
    );
    const when = { when: { kind: 'shop' } };
    expect(issuesOf(withSteps({ ...twice, ...when }, twice))).toEqual([]);
  });

  test('for another record say which', () => {
    const step = { command: 'winOpportunity' };
    expect(issuesOf(withSteps(step))).toContainEqual(
      expect.stringMatching(
        /winOpportunity goes to the category opportunity, and "customer" is of account; say which record with "on"/,
      ),
    );
  });

  test('that create take one name per kind', () => {
    const plan = bakery();
    const first = plan.records[0];
    const second = { ...first, steps: [{ ...first?.steps[0], name: 'again' }] };
    expect(issuesOf(changed(plan, 'records/1', second))).toContainEqual(
      expect.stringMatching(
        /^records\[1\]\.steps\[0\]: "customer" is created by step registerAccount already/,
      ),
    );
  });

  test('without a file use constants only', () => {
    const plan = changed(bakery(), 'records/0/file', undefined);
    expect(issuesOf(changed(plan, 'files', {}))).toContainEqual(
      expect.stringMatching(/there is no file here that could have a column "name"/),
    );
  });
});
