import pg from 'pg';
import { expect, test } from 'vitest';
import { createLogger } from '../../../src/projections/engine/logger.ts';

const logged = (error: Error) => {
  const lines: string[] = [];
  createLogger('info', 'test', { write: line => lines.push(line) }).warn({ err: error }, 'it failed');
  return lines.join('');
};

test('an error of Postgres is logged with its message and code, and not with the row that it refuses', () => {
  const cause = new pg.DatabaseError('null value in column "name"', 1, 'error');
  Object.assign(cause, {
    severity: 'ERROR',
    code: '23502',
    detail: 'Failing row contains (Ann, ann@example.com).',
    where: 'Ann',
  });
  for (const error of [cause, new Error('it could not be stored', { cause })]) {
    const line = logged(error);
    expect(line).toContain('null value in column');
    expect(line).not.toMatch(/Ann|ann@/);
  }
  expect(JSON.parse(logged(cause))).toMatchObject({ part: 'test', err: { code: '23502' } });
});

test('another error is logged with all that it carries', () =>
  expect(JSON.parse(logged(Object.assign(new Error('no'), { where: 'there' })))).toMatchObject({
    err: { message: 'no', where: 'there' },
  }));
