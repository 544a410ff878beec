/** Whom a contact works for: what one affiliation does to another is taken back with it. */
import { expect, test } from 'vitest';
import { type Contact, presentAffiliations } from '../../../../src/domain/customers/contact.ts';
import { ACME, GLOBEX, INITECH } from '../../../support/ids.ts';
import type { Wish } from '../../../support/wishes.ts';
import { catalog } from '../../../support/writeSide.ts';
import { OTHERS, openStream, SERIES } from './stream.ts';

const affiliate = (accountId: string, more: object = {}): Wish => ({
  name: 'affiliateContact',
  input: { accountId, from: '2016-01-01', ...more },
});
const end = (accountId: string): Wish => ({
  name: 'endContactAffiliation',
  input: { accountId, until: '2017-01-01' },
});

async function contactAfter(before: readonly Wish[], series: readonly Wish[], since: readonly Wish[] = []) {
  const stream = openStream(catalog.aggregates.get('contact')!);
  const all = [{ name: 'createContact', input: { name: 'Ann' } }, ...before].map(
    wish => [wish, OTHERS] as const,
  );
  for (const [wish, by] of [
    ...all,
    ...series.map(wish => [wish, SERIES] as const),
    ...since.map(wish => [wish, OTHERS] as const),
  ])
    expect(await stream.send(wish, by)).toBe(true);
  const { leftAlone } = await stream.undo(SERIES, 'undo');
  const present = presentAffiliations((stream.folded().state as Contact).affiliations);
  return { left: leftAlone.flatMap(({ parts }) => parts), present };
}

test('a new primary one gives the mark back to the one that it took it from', async () => {
  const { present, left } = await contactAfter([affiliate(ACME)], [affiliate(GLOBEX, { primary: true })]);
  expect(present).toMatchObject([{ accountId: ACME, primary: true }]);
  expect(left).toEqual([]);
});

test('but not where another one is primary by now', async () => {
  const { present } = await contactAfter(
    [affiliate(ACME)],
    [affiliate(GLOBEX, { primary: true })],
    [affiliate(INITECH, { primary: true })],
  );
  expect(present).toEqual([
    expect.objectContaining({ accountId: ACME, primary: false }),
    expect.objectContaining({ accountId: INITECH, primary: true }),
  ]);
});

test('one that someone has changed since stays, without the mark', async () => {
  const { present, left } = await contactAfter(
    [affiliate(ACME)],
    [affiliate(GLOBEX, { primary: true })],
    [affiliate(GLOBEX, { role: 'Head' })],
  );
  expect(present).toEqual([
    expect.objectContaining({ accountId: GLOBEX, primary: false, role: 'Head' }),
    expect.objectContaining({ accountId: ACME, primary: true }),
  ]);
  expect(left).toEqual([`affiliations.${GLOBEX}`]);
});

test('where there was no primary one there is none again', async () => {
  const { present } = await contactAfter(
    [affiliate(ACME, { primary: false })],
    [affiliate(ACME, { primary: true })],
  );
  expect(present).toMatchObject([{ accountId: ACME, primary: false }]);
});

test('a role that there was not is taken away, one that there was comes back', async () => {
  const none = await contactAfter([affiliate(ACME)], [affiliate(ACME, { role: 'Head' })]);
  expect(none.present).toMatchObject([{ role: null, primary: true, from: '2016-01-01' }]);
  const other = await contactAfter([affiliate(ACME, { role: 'Hand' })], [affiliate(ACME, { role: 'Head' })]);
  expect(other.present).toMatchObject([{ role: 'Hand', primary: true, from: '2016-01-01' }]);
});

test('one that was ended goes on, as it was', async () => {
  const before = [affiliate(ACME, { role: 'Head' }), affiliate(GLOBEX)];
  const { present } = await contactAfter(before, [end(ACME)]);
  expect(present).toMatchObject([
    { accountId: GLOBEX, primary: false },
    { accountId: ACME, primary: true, role: 'Head', from: '2016-01-01' },
  ]);
  const taken = await contactAfter(before, [end(ACME)], [affiliate(GLOBEX, { primary: true })]);
  expect(taken.present, 'without the mark that another one has by now').toMatchObject([
    { accountId: GLOBEX, primary: true },
    { accountId: ACME, primary: false },
  ]);
});
