/** What every record has: details, owner, tags, archive. Derived, and therefore tested for every record there is. */
import { describe, expect, test } from 'vitest';
import { account } from '../../../../src/domain/customers/account.ts';
import { isPersonal } from '../../../../src/domain/kernel/personal.ts';
import { pascal } from '../../../../src/domain/kernel/record.ts';
import { loadCatalog } from '../../../../src/eventstore/catalog.ts';
import { BIRTHS } from '../../../support/births.ts';
import { decide, given, happened } from '../../../support/decider.ts';
import { ANN, BOB } from '../../../support/ids.ts';
import { eur } from '../../../support/sales.ts';
import { sample } from '../../../support/sample.ts';

const catalog = await loadCatalog();
const records = [...catalog.aggregates.values()].filter(
  aggregate => Object.keys(aggregate.details).length > 0,
);

test('there is a birth to test with for every record', () =>
  expect(records.map(({ category }) => category).sort()).toEqual(Object.keys(BIRTHS).sort()));

describe.each(records.map(aggregate => [pascal(aggregate.category), aggregate] as const))(
  '%s',
  (Name, aggregate) => {
    const birth = BIRTHS[aggregate.category]!;
    const titled = 'name' in aggregate.details ? 'name' : 'subject';
    const event = { archived: happened(`${Name}Archived`), restored: happened(`${Name}Restored`) };
    const owned = (from: string | null, to: string | null) => happened(`${Name}OwnerChanged`, { from, to });
    const tagged = (tag: string) => happened(`${Name}TagApplied`, { tag });
    const untagged = (tag: string) => happened(`${Name}TagRemoved`, { tag });
    const record = given(aggregate, birth);
    const having = (...past: ReturnType<typeof happened>[]) => given(aggregate, birth, ...past);

    test('exists from its first event on', () => {
      expect(given(aggregate).record.exists).toBe(false);
      expect(record.record).toEqual({
        exists: true,
        archived: false,
        erased: false,
        ownerId: null,
        tags: [],
        details: { [titled]: 'First' },
      });
    });
    test('is born with an owner and tags, each once', () => {
      const data = { ...birth.data, ownerId: ANN, tags: ['a', 'b', 'a'] };
      expect(given(aggregate, { ...birth, data }).record).toMatchObject({ ownerId: ANN, tags: ['a', 'b'] });
    });

    test('details change, and only what changed is said', () =>
      record
        .when(`change${Name}Details`, { [titled]: 'Second' })
        .thenEvents(happened(`${Name}DetailsChanged`, { [titled]: 'Second' })));
    test('details that are so already say nothing', async () => {
      await record.when(`change${Name}Details`, { [titled]: ' First ' }).thenNothing();
      await record.when(`change${Name}Details`, {}).thenNothing();
    });
    test('what is required cannot be cleared', () =>
      expect(record.when(`change${Name}Details`, { [titled]: null }).thenNothing()).rejects.toThrow());
    test('after DetailsChanged the new ones count', () =>
      expect(having(happened(`${Name}DetailsChanged`, { [titled]: 'Second' })).record.details).toEqual({
        [titled]: 'Second',
      }));

    test('the owner changes, is cleared, and says nothing when it is so already', async () => {
      await record.when(`change${Name}Owner`, { ownerId: ANN }).thenEvents(owned(null, ANN));
      await having(owned(null, ANN)).when(`change${Name}Owner`, { ownerId: BOB }).thenEvents(owned(ANN, BOB));
      await having(owned(null, ANN))
        .when(`change${Name}Owner`, { ownerId: null })
        .thenEvents(owned(ANN, null));
      await having(owned(null, ANN)).when(`change${Name}Owner`, { ownerId: ANN }).thenNothing();
      await record.when(`change${Name}Owner`, { ownerId: null }).thenNothing();
      expect(having(owned(null, ANN), owned(ANN, BOB)).record.ownerId).toBe(BOB);
    });

    test('tags are applied once, in lower case', async () => {
      await record
        .when(`tag${Name}`, { tags: ['Hot', 'hot ', 'new'] })
        .thenEvents(tagged('hot'), tagged('new'));
      await having(tagged('hot'))
        .when(`tag${Name}`, { tags: ['hot', 'new'] })
        .thenEvents(tagged('new'));
      await having(tagged('hot'))
        .when(`tag${Name}`, { tags: ['hot'] })
        .thenNothing();
      expect(having(tagged('hot'), tagged('new')).record.tags).toEqual(['hot', 'new']);
    });
    test('tags are removed once', async () => {
      await having(tagged('hot'))
        .when(`untag${Name}`, { tags: ['HOT', 'hot', 'new'] })
        .thenEvents(untagged('hot'));
      await record.when(`untag${Name}`, { tags: ['hot'] }).thenNothing();
      expect(having(tagged('hot'), tagged('new'), untagged('hot')).record.tags).toEqual(['new']);
    });
    test('a record has at most 50 tags', async () => {
      const many = Array.from({ length: 49 }, (_, n) => tagged(`tag ${n}`));
      await having(...many)
        .when(`tag${Name}`, { tags: ['a', 'b'] })
        .thenRejected('TOO_MANY_TAGS', 'tags');
      await having(...many)
        .when(`tag${Name}`, { tags: ['a', 'tag 1'] })
        .thenEvents(tagged('a'));
    });

    test('it is archived with a reason, and restored', async () => {
      await record
        .when(`archive${Name}`, { reason: 'double' })
        .thenEvents(happened(`${Name}Archived`, { reason: 'double' }));
      await having(event.archived).when(`restore${Name}`).thenEvents(event.restored);
      expect(having(event.archived).record.archived).toBe(true);
      expect(having(event.archived, event.restored).record.archived).toBe(false);
    });
    test('archiving and restoring say nothing when it is so already', async () => {
      await having(event.archived).when(`archive${Name}`).thenNothing();
      await record.when(`restore${Name}`).thenNothing();
    });

    const commands = Object.entries(aggregate.commands);
    test('every command but archive, restore and erase leaves an archived record alone', async () => {
      const working = commands.filter(([, command]) => command.worksOnArchived).map(([name]) => name);
      const ending = aggregate.erasable ? [`archive${Name}`, `erase${Name}`] : [`archive${Name}`];
      expect(working.sort()).toEqual([...ending, `restore${Name}`]);
      const { state, record } = having(event.archived);
      for (const [name, command] of commands.filter(
        ([, { creates, worksOnArchived }]) => !creates && !worksOnArchived,
      ))
        expect(await decide(aggregate, { state, record }, name, sample(command.input)), name).toMatchObject({
          code: 'ARCHIVED',
        });
    });
    if (aggregate.erasable) {
      const erased = happened(`${Name}Erased`);
      test('a person is erased with a reason, archived or not, and once', async () => {
        const erasing = happened(`${Name}Erased`, { reason: 'on request' });
        await record.when(`erase${Name}`, { reason: 'on request' }).thenEvents(erasing);
        await having(event.archived).when(`erase${Name}`).thenEvents(erased);
        await having(erased).when(`erase${Name}`, { reason: 'again' }).thenNothing();
      });
      test('nothing personal is left of what was folded, and all that is not', () => {
        const personal = Object.keys(aggregate.details).filter(field => isPersonal(aggregate.details[field]));
        const { state, record } = having(tagged('hot'), erased);
        expect(state).toEqual(aggregate.initial.state);
        expect(record).toMatchObject({ exists: true, erased: true, tags: ['hot'] });
        for (const field of personal) expect(record.details).not.toHaveProperty(field);
      });
      test('no command is taken any more but to erase', async () => {
        const { state, record } = having(erased);
        for (const [name, command] of commands.filter(([, { creates }]) => !creates))
          if (name !== `erase${Name}`)
            expect(
              await decide(aggregate, { state, record }, name, sample(command.input)),
              name,
            ).toMatchObject({ code: 'ERASED' });
      });
    }
    test('every command but the creating ones needs the record', async () => {
      for (const [name, command] of commands) {
        const folded = command.creates ? record : given(aggregate);
        expect(await decide(aggregate, folded, name, sample(command.input)), name).toMatchObject({
          code: command.creates ? 'ALREADY_EXISTS' : 'NOT_FOUND',
        });
      }
    });
  },
);

describe('details of an account', () => {
  const acme = given(
    account,
    account.events.AccountRegistered({
      name: 'Acme',
      lifecycle: 'prospect',
      annualRevenue: eur('1.00'),
      addresses: [{ city: 'Berlin', country: 'DE' }],
    }),
  );
  const change = (input: object) => acme.when('changeAccountDetails', input);
  const changed = (data: Readonly<Record<string, unknown>>) => happened('AccountDetailsChanged', data);

  test('an optional one is set and cleared', async () => {
    await change({ industry: 'retail' }).thenEvents(changed({ industry: 'retail' }));
    await change({ annualRevenue: null }).thenEvents(changed({ annualRevenue: null }));
    const { details } = given(
      account,
      BIRTHS.account!,
      changed({ industry: 'retail' }),
      changed({ industry: null }),
    ).record;
    expect(details).toEqual({ name: 'First' });
  });
  test('clearing what is not there says nothing', () => change({ industry: null }).thenNothing());
  test('money and lists are compared by what they say', async () => {
    await change({ annualRevenue: { currency: 'EUR', amount: '1' } }).thenNothing();
    await change({ addresses: [{ country: 'DE', city: 'Berlin' }] }).thenNothing();
    await change({ addresses: [] }).thenEvents(changed({ addresses: [] }));
  });
  test('names from Object.prototype are no fields', async () => {
    for (const key of ['__proto__', 'constructor', 'toString'])
      await expect(change(JSON.parse(`{"${key}": {"polluted": true}}`)).thenNothing()).rejects.toThrow(key);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
