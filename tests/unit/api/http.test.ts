/** What the server takes, and from whom, before GraphQL looks at it; and the pages besides. */
import type { FastifyInstance } from 'fastify';
import { buildClientSchema, getIntrospectionQuery, printType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printedSchema } from '../../../src/api/schema/schema.ts';
import { startStub } from './stub.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await startStub();
});
afterAll(() => app.close());

const HELLO = '{ __typename }';
const JSON_TYPE = { 'content-type': 'application/json' };
const post = (payload: object | string, headers: Readonly<Record<string, string>> = JSON_TYPE) =>
  app.inject({ method: 'POST', url: '/graphql', payload, headers });

const refusedAs = async (answer: ReturnType<typeof post>, status: number, code: string, path?: string) => {
  const { statusCode, body } = await answer;
  const { data, errors } = JSON.parse(body);
  expect({ statusCode, data }, body).toEqual({ statusCode: status, data: null });
  expect(errors[0].extensions, body).toMatchObject({ code, ...(path && { fields: [{ path }] }) });
};

describe('a request', () => {
  test('is one JSON object with a document', async () => {
    expect((await post({ query: HELLO })).json()).toEqual({ data: { __typename: 'Query' } });
    const named = {
      query: 'query A { __typename }',
      operationName: 'A',
      variables: {},
      extensions: { any: 1 },
    };
    expect((await post(named)).json()).toEqual({ data: { __typename: 'Query' } });
    const empty = { query: HELLO, operationName: null, variables: null };
    expect((await post(empty)).json()).toEqual({ data: { __typename: 'Query' } });
  });

  test.each([
    ['a list of them', [{ query: HELLO }], 'body'],
    ['no object', '"x"', 'body'],
    ['null', 'null', 'body'],
    ['no document', {}, 'query'],
    ['a document of nothing', { query: ' ' }, 'query'],
    ['a document that is no text', { query: { kind: 'Document' } }, 'query'],
    ['a syntax tree as text', { query: '{"kind":"Document","definitions":[]}' }, 'query'],
    ['variables that are a list', { query: HELLO, variables: [1] }, 'variables'],
    ['variables that are text', { query: HELLO, variables: '{}' }, 'variables'],
    ['a name that is none', { query: HELLO, operationName: 'A }' }, 'operationName'],
    ['a name that is no text', { query: HELLO, operationName: 7 }, 'operationName'],
  ])('is refused when it is %s', async (_, payload, path) => {
    await refusedAs(post(payload), 400, 'VALIDATION', path);
  });

  test('is refused when it is no JSON, or nothing at all', async () => {
    await refusedAs(post('{"query":'), 400, 'VALIDATION');
    await refusedAs(post('', {}), 403, 'FORBIDDEN');
    await refusedAs(post(`{"query":"${HELLO}","__proto__":{}}`), 400, 'VALIDATION');
  });

  test('is refused when its document says nothing that is there, with the place', async () => {
    for (const query of [
      '{',
      '{ nothing }',
      '{ accounts(first: "x") { totalCount } }',
      'query A { __typename } query A { __typename }',
    ]) {
      const answer = await post({ query });
      await refusedAs(post({ query }), 400, 'VALIDATION');
      expect(answer.json().errors[0].locations[0]).toEqual({
        line: expect.any(Number),
        column: expect.any(Number),
      });
    }
  });

  test('may be a GET for queries, never for commands', async () => {
    const get = (query: string, more = '') =>
      app.inject({
        url: `/graphql?query=${encodeURIComponent(query)}${more}`,
        headers: { 'mercurius-require-preflight': '1' },
      });
    expect((await get(HELLO)).json()).toEqual({ data: { __typename: 'Query' } });
    expect(
      (
        await get('query Q($yes: Boolean!) { __typename @include(if: $yes) }', '&variables={"yes":true}')
      ).json(),
    ).toEqual({ data: { __typename: 'Query' } });
    const mutation = await get('mutation { registerAccount(input: { name: "x" }) { id } }');
    expect(mutation.statusCode).toBe(405);
    expect(mutation.json().errors[0].extensions.code).toBe('VALIDATION');
    expect((await get(HELLO, '&variables={')).statusCode).toBe(400);
  });
});

describe('who may ask', () => {
  const plain = { 'content-type': 'text/plain' };

  test('a page of another site may not, by no kind of request that browsers send without asking first', async () => {
    const body = JSON.stringify({ query: HELLO });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      await refusedAs(post(body, { 'content-type': type }), 403, 'FORBIDDEN');
    await refusedAs(app.inject({ url: `/graphql?query=${HELLO}` }), 403, 'FORBIDDEN');
    await refusedAs(app.inject({ url: `/graphql?query=${HELLO}`, headers: plain }), 403, 'FORBIDDEN');
  });

  test.each(['evil.example', 'evil.example:4000', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'nobody may by the host name "%s"',
    async host => {
      for (const url of ['/', '/livez', '/readyz', '/schema.graphql'])
        await refusedAs(app.inject({ url, headers: { host } }), 403, 'FORBIDDEN');
      await refusedAs(post({ query: HELLO }, { ...JSON_TYPE, host }), 403, 'FORBIDDEN');
    },
  );

  test.each(['localhost', 'LOCALHOST:4000', '127.0.0.1:80', '[::1]:4000'])(
    'anybody may by %s',
    async host => {
      expect((await post({ query: HELLO }, { ...JSON_TYPE, host })).statusCode).toBe(200);
    },
  );

  test('an Authorization header says nothing, until people sign in', async () => {
    for (const authorization of ['Bearer x', 'Basic eDp5', 'nonsense'])
      expect((await post({ query: HELLO }, { ...JSON_TYPE, authorization })).statusCode).toBe(200);
  });
});

describe('pages', () => {
  test('the schema, as text and by introspection', async () => {
    const text = (await app.inject({ url: '/schema.graphql' })).body;
    expect(text).toBe(await printedSchema());
    const { data } = (await post({ query: getIntrospectionQuery() })).json();
    const seen = buildClientSchema(data);
    expect(text).toContain(printType(seen.getType('MoneyInput') as never));
    expect(Object.keys(seen.getTypeMap()).length).toBeGreaterThan(200);
  });

  test('a page to try queries on is there in development alone', async () => {
    expect((await app.inject({ url: '/altair' })).statusCode).toBe(404);
    expect((await app.inject({ url: '/' })).body).not.toContain('/altair');
    const development = await startStub({ development: true });
    const page = await development.inject({ url: '/altair/' });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('<title>Altair</title>');
    expect((await development.inject({ url: '/' })).body).toContain('href="/altair"');
    await development.close();
  });

  test('/livez says that the process answers, /readyz whether it can work', async () => {
    expect((await app.inject({ url: '/livez' })).json()).toEqual({ status: 'ok' });
    const ready = await app.inject({ url: '/readyz' });
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready', parts: {} }]);
    const parts = { postgres: { ok: false, message: 'Postgres does not answer' } };
    const ill = await startStub({ readiness: async () => ({ ready: false, parts }) });
    const answer = await ill.inject({ url: '/readyz' });
    expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'not ready', parts }]);
    expect((await ill.inject({ url: '/livez' })).statusCode).toBe(200);
    await ill.close();
  });

  test('there is no other', async () => {
    const answer = await app.inject({ url: '/metrics' });
    expect(answer.statusCode).toBe(404);
  });
});
