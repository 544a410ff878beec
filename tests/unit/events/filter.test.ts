/** Who gets which events. */
import { expect, test } from 'vitest';
import { filterOf, isInternal, type Wanted } from '../../../src/api/events/filter.ts';
import { id } from '../../support/ids.ts';
import { memoryLog, type NewLogged } from '../../support/memoryLog.ts';
import { catalog } from '../../support/writeSide.ts';

const WRITTEN: Readonly<Record<string, NewLogged>> = {
  account: { streamId: `account-main.${id(1)}`, type: 'AccountRegistered' },
  otherAccount: { streamId: `account-main.${id(2)}`, type: 'AccountArchived' },
  ofOthers: { streamId: `account-other.${id(1)}`, type: 'AccountRegistered' },
  similar: { streamId: `account-main-2.${id(1)}`, type: 'AccountRegistered' },
  contact: { streamId: `contact-main.${id(1)}`, type: 'ContactCreated' },
  reservation: { streamId: `reservation-main.${id(3)}`, type: 'ReservationHeld' },
  newer: { streamId: `invoice-main.${id(4)}`, type: 'InvoiceSent', metadata: { workspaceId: 'main' } },
  alike: { streamId: `order-main.${id(4)}`, type: 'Ordered', metadata: null },
  unknownType: { streamId: `account-main.${id(1)}`, type: 'AccountDissolved' },
  foreign: { streamId: 'shop-1', type: 'AccountRegistered', metadata: { workspaceId: 'main' } },
};

const chosen = (wanted: Wanted): readonly string[] => {
  const filter = filterOf(catalog, 'main', wanted);
  const log = memoryLog();
  return Object.entries(WRITTEN)
    .filter(([, event]) => filter(log.append(event)))
    .map(([name]) => name);
};

test.each<[string, Wanted, readonly string[]]>([
  [
    'all of the workspace, also what is newer than this server',
    {},
    ['account', 'otherAccount', 'contact', 'newer', 'unknownType'],
  ],
  ['of types', { types: ['AccountRegistered', ' relata.ContactCreated'] }, ['account', 'contact']],
  ['of an internal type, when asked for', { types: ['ReservationHeld'] }, ['reservation']],
  ['of a category', { category: 'account' }, ['account', 'otherAccount', 'unknownType']],
  ['of an internal category, when asked for', { category: 'reservation' }, ['reservation']],
  ['of a record', { category: 'account', recordId: id(1).toUpperCase() }, ['account', 'unknownType']],
  ['of an id', { recordId: id(1) }, ['account', 'contact', 'unknownType']],
  ['of a type and a record', { types: ['AccountArchived'], recordId: id(1) }, []],
])('%s', (_, wanted, names) => expect(chosen(wanted)).toEqual(names));

test.each<[Wanted, string]>([
  [{ types: ['AccountRegisterd'] }, 'types'],
  [{ types: [''] }, 'types'],
  [{ category: 'acount' }, 'category'],
  [{ recordId: 'x' }, 'recordId'],
])('%j is refused: it would be silence for ever', (wanted, path) => {
  expect(() => filterOf(catalog, 'main', wanted)).toThrow(
    expect.objectContaining({
      extensions: expect.objectContaining({
        code: 'VALIDATION',
        fields: [{ path, message: expect.any(String) }],
      }),
    }),
  );
});

test('what nobody can send a command to is internal', () =>
  expect([...catalog.aggregates.values()].filter(isInternal).map(({ category }) => category)).toEqual([
    'reservation',
    'signingKey',
    'treeHead',
  ]));
