import { describe, expect, test } from 'vitest';
import { contact } from '../../../../src/domain/customers/contact.ts';
import { given, happened, TODAY } from '../../../support/decider.ts';
import { ACME, GLOBEX, INITECH } from '../../../support/ids.ts';

const { events } = contact;
const [HOME, WORK] = ['ann@home.example', 'ann@work.example'];
const created = (...emails: string[]) => events.ContactCreated({ name: 'Ann', emails });
const added = (email: string) => events.ContactEmailAdded({ email });
const verified = (email: string) => events.ContactEmailVerified({ email });
const removed = (email: string) => events.ContactEmailRemoved({ email });
const affiliated = (accountId: string, primary: boolean, more: { role?: string; from?: string } = {}) =>
  events.ContactAffiliated({ accountId, primary, from: '2017-01-01', ...more });
const ended = (accountId: string, until: string) => events.ContactAffiliationEnded({ accountId, until });

describe('createContact', () => {
  test('adds a person, each address once and normalised', () =>
    given(contact)
      .when('createContact', { name: 'Ann', emails: [HOME, ' ANN@home.example ', WORK] })
      .thenEvents(created(HOME, WORK)));
  test('needs no address', () => given(contact).when('createContact', { name: 'Ann' }).thenEvents(created()));
  test('keeps what is said', () => {
    const said = {
      name: 'Ann',
      emails: [HOME],
      phones: ['+4930123456'],
      title: 'CTO',
      locale: 'de-DE',
      timeZone: 'Europe/Berlin',
    };
    return given(contact).when('createContact', said).thenEvents(events.ContactCreated(said));
  });
  test.each([
    { phones: ['030 123456'] },
    { locale: 'German' },
    { locale: `de${'-aa'.repeat(50)}` },
    { timeZone: 'Berlin time' },
    { emails: ['ann'] },
    { emails: Array.from({ length: 21 }, (_, n) => `a${n}@example.com`) },
  ])('refuses %j', input =>
    expect(
      given(contact)
        .when('createContact', { name: 'Ann', ...input })
        .thenNothing(),
    ).rejects.toThrow(),
  );
});

describe('e-mail addresses', () => {
  const ann = given(contact, created(HOME));

  test('one is added', () => ann.when('addContactEmail', { email: WORK }).thenEvents(added(WORK)));
  test('adding says nothing when it is there', () =>
    ann.when('addContactEmail', { email: HOME.toUpperCase() }).thenNothing());
  test('there are at most 20', () =>
    given(contact, created(...Array.from({ length: 20 }, (_, n) => `a${n}@example.com`)))
      .when('addContactEmail', { email: WORK })
      .thenRejected('TOO_MANY_EMAILS', 'email'));
  test('one is verified', () => ann.when('verifyContactEmail', { email: HOME }).thenEvents(verified(HOME)));
  test('verifying says nothing when it is verified', () =>
    given(contact, created(HOME), verified(HOME)).when('verifyContactEmail', { email: HOME }).thenNothing());
  test('verifying an unknown one is refused', () =>
    ann.when('verifyContactEmail', { email: WORK }).thenRejected('EMAIL_UNKNOWN', 'email'));
  test('one is removed', () => ann.when('removeContactEmail', { email: HOME }).thenEvents(removed(HOME)));
  test('removing says nothing when it is gone', () =>
    ann.when('removeContactEmail', { email: WORK }).thenNothing());
});

describe('affiliateContact', () => {
  const affiliate = (input: object, ...past: Parameters<typeof given>[1][]) =>
    given(contact, created(), ...past).when('affiliateContact', { accountId: ACME, ...input });

  test('the first one is primary, from today', () =>
    affiliate({ role: 'CTO' }).thenEvents(affiliated(ACME, true, { role: 'CTO', from: TODAY })));
  test('the first one need not be', () =>
    affiliate({ primary: false }).thenState({ affiliations: [{ primary: false }] }));
  test('a second one is not primary unless it is said', () =>
    affiliate({}, affiliated(GLOBEX, true)).thenEvents(affiliated(ACME, false, { from: TODAY })));
  test('a new primary one takes that mark from the old', () =>
    affiliate({ primary: true }, affiliated(GLOBEX, true)).thenState({
      affiliations: [
        { accountId: GLOBEX, primary: false },
        { accountId: ACME, primary: true },
      ],
    }));
  test('after all have ended, the next is primary', () =>
    affiliate({}, affiliated(GLOBEX, true), ended(GLOBEX, '2017-02-01')).thenState({
      affiliations: [
        { accountId: GLOBEX, until: '2017-02-01' },
        { accountId: ACME, primary: true },
      ],
    }));
  test('what is not said stays as it is', () =>
    affiliate({ role: 'CEO' }, affiliated(ACME, true, { role: 'CTO' })).thenEvents(
      affiliated(ACME, true, { role: 'CEO' }),
    ));
  test.each([{}, { role: 'CTO' }, { primary: true }, { from: '2017-01-01' }])(
    'says nothing when it is so already %j',
    input => affiliate(input, affiliated(ACME, true, { role: 'CTO' })).thenNothing(),
  );
  test('one that has ended begins anew, and the old one stays known', () =>
    affiliate({}, affiliated(ACME, true), ended(ACME, '2017-02-01')).thenState({
      affiliations: [
        { accountId: ACME, until: '2017-02-01', primary: false },
        { accountId: ACME, from: TODAY, until: null, primary: true },
      ],
    }));
});

describe('endContactAffiliation', () => {
  const end = (input: object, ...past: Parameters<typeof given>[1][]) =>
    given(contact, created(), ...past).when('endContactAffiliation', { accountId: ACME, ...input });
  const present = affiliated(ACME, true);

  test('ends it today', () => end({}, present).thenEvents(ended(ACME, TODAY)));
  test('ends it on the day that is said, also the first', () =>
    end({ until: '2017-01-01' }, present).thenEvents(ended(ACME, '2017-01-01')));
  test('it cannot end before it began', async () => {
    await end({ until: '2016-12-31' }, present).thenRejected('UNTIL_BEFORE_FROM', 'until');
    await end({}, affiliated(ACME, true, { from: '2017-12-01' })).thenRejected('UNTIL_BEFORE_FROM');
  });
  test.each([{}, { until: '2017-02-01' }])('says nothing when it has ended so already %j', input =>
    end(input, present, ended(ACME, '2017-02-01')).thenNothing(),
  );
  test('is refused when it ended on another day', () =>
    end({ until: '2017-02-02' }, present, ended(ACME, '2017-02-01')).thenRejected(
      'NOT_AFFILIATED',
      'accountId',
    ));
  test('is refused when there was none', () =>
    end({}, affiliated(INITECH, true)).thenRejected('NOT_AFFILIATED', 'accountId'));
});

describe('a contact after', () => {
  const after = (...past: Parameters<typeof given>[1][]) => given(contact, created(HOME), ...past).state;
  const ann = { emails: [HOME], verified: [], affiliations: [] };
  const acme = { accountId: ACME, role: null, primary: true, from: '2017-01-01', until: null };

  test.each([
    ['ContactCreated', [], ann],
    ['ContactEmailAdded', [added(WORK)], { ...ann, emails: [HOME, WORK] }],
    ['ContactEmailVerified', [verified(HOME)], { ...ann, verified: [HOME] }],
    ['ContactEmailRemoved', [verified(HOME), removed(HOME)], { ...ann, emails: [] }],
    ['ContactAffiliated', [affiliated(ACME, true)], { ...ann, affiliations: [acme] }],
    [
      'ContactAffiliated of another primary account',
      [affiliated(ACME, true, { role: 'CTO' }), affiliated(GLOBEX, true)],
      {
        ...ann,
        affiliations: [
          { ...acme, role: 'CTO', primary: false },
          { ...acme, accountId: GLOBEX },
        ],
      },
    ],
    [
      'ContactAffiliationEnded',
      [affiliated(ACME, true), ended(ACME, '2017-02-01')],
      { ...ann, affiliations: [{ ...acme, primary: false, until: '2017-02-01' }] },
    ],
  ])('%s', (_, past, state) => expect(after(...past)).toEqual(state));
});

describe('the values that nobody else may have', () => {
  const valuesOf = (...past: Parameters<typeof given>[1][]) => {
    const { state, record } = given(contact, ...past);
    return contact.unique.contactEmail?.values(state, record);
  };
  test('are the addresses of a live contact', () => {
    expect(valuesOf()).toEqual([]);
    expect(valuesOf(created(HOME), added(WORK))).toEqual([HOME, WORK]);
    expect(valuesOf(created(HOME), happened('ContactArchived'))).toEqual([]);
    expect(valuesOf(created(HOME), happened('ContactArchived'), happened('ContactRestored'))).toEqual([HOME]);
  });
  test('are given up by removing them', () =>
    expect(contact.unique.contactEmail?.giveUp(HOME)).toEqual({
      command: 'removeContactEmail',
      input: { email: HOME },
    }));
});
