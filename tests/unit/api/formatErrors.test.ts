/** Whatever is thrown becomes an error of the published list, and what nobody foresaw says nothing of the inside. */
import { GraphQLError } from 'graphql';
import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../../../src/api/errors.ts';
import { formatErrors } from '../../../src/api/formatErrors.ts';
import { invalid } from '../../../src/projections/query/refusal.ts';

const formatted = (error: unknown) => {
  const report = vi.fn();
  const { errors, status } = formatErrors([error], 'req-7', report);
  return {
    codes: errors.map(({ extensions }) => extensions?.code),
    errors,
    status,
    reported: report.mock.calls.length,
  };
};
const located = (cause: Error) =>
  new GraphQLError(cause.message, { path: ['accounts', 'nodes', 0, 'name'], originalError: cause });
const coded = (code: string, message = 'connect ECONNREFUSED 10.0.0.1:5432') =>
  Object.assign(new Error(message), { code });

describe('a store that is away', () => {
  const several = Object.assign(new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]), {
    code: 'ECONNREFUSED',
  });
  test.each([
    ['refuses connections', coded('ECONNREFUSED')],
    ['refuses them at each of its addresses', several],
    ['resets them', coded('ECONNRESET')],
    ['shuts down', coded('57P01')],
    ['has too many', coded('53300')],
    ['was too slow', coded('57014')],
    ['does not accept in time', new Error('timeout exceeded when trying to connect')],
    ['breaks off', new Error('Connection terminated unexpectedly')],
  ])('%s: one UNAVAILABLE where it happened, and a line in the log', (_, cause) => {
    const { codes, errors, status, reported } = formatted(located(cause));
    expect({ codes, status, reported }).toEqual({ codes: ['UNAVAILABLE'], status: 503, reported: 1 });
    expect(errors[0]).toMatchObject({ path: ['accounts', 'nodes', 0, 'name'] });
    expect(JSON.stringify(errors)).not.toContain('10.0.0.1');
  });
});

test.each([
  new Error('secret'),
  located(new TypeError('secret')),
  coded('42P01', 'relation "secret" does not exist'),
  located(coded('23505', 'secret')),
  Object.assign(new Error('secret'), { errors: [new Error('secret')] }),
  'secret',
  { secret: true, message: 'secret' },
])('INTERNAL with its request, and a line in the log: %s', error => {
  const { codes, errors, status, reported } = formatted(error);
  expect({ codes, status, reported }).toEqual({ codes: ['INTERNAL'], status: 200, reported: 1 });
  expect(errors[0]?.extensions).toEqual({ code: 'INTERNAL', requestId: 'req-7' });
  expect(JSON.stringify(errors)).not.toContain('secret');
});

test('what is refused on purpose goes out as it is, and is no line in the log', () => {
  const error = apiError('no', { code: 'STALE', details: { revision: 2 } });
  expect(formatted(located(error))).toMatchObject({ codes: ['STALE'], status: 200, reported: 0 });
  expect(formatted(located(invalid('first', 'must be less')))).toMatchObject({
    codes: ['VALIDATION'],
    errors: [
      {
        message: 'first: must be less',
        extensions: { fields: [{ path: 'first', message: 'must be less' }] },
      },
    ],
    reported: 0,
  });
});

test('a code that is not published is none of ours', () => {
  const error = new GraphQLError('x', {
    extensions: { code: 'MADE_UP' },
    originalError: new Error('inside'),
  });
  expect(formatted(error).codes).toEqual(['INTERNAL']);
});

test('list indexes in paths are numbers', () => {
  const error = Object.assign(new Error('x'), {
    path: ['a', '0', 'b', '12', 'c3'],
    locations: [],
    originalError: new Error(),
  });
  expect(formatted(error).errors[0]?.path).toEqual(['a', 0, 'b', 12, 'c3']);
});

test('several errors of one document stay several, of the worst status', () => {
  const errors = [new GraphQLError('Unknown field'), new GraphQLError('Another')];
  const wrapped = Object.assign(new Error('Graphql validation error'), {
    code: 'MER_ERR_GQL_VALIDATION',
    errors,
  });
  expect(formatted(wrapped)).toMatchObject({ codes: ['VALIDATION', 'VALIDATION'], status: 400, reported: 0 });
});
