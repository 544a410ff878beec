/**
 * One owner of one address, whoever races for it and whatever fails between the steps: claims, appends and holds that
 * are lost, unanswered or late, and processes that stand still for longer than a claim is respected. Who is not told
 * how it ended sends the command again, as clients do.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommandResult } from '../../../src/commands/dispatch.ts';
import { expectWholeChain } from '../../support/chain.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { writeSide } from '../../support/writeSide.ts';
import { ANN_AT, add, BOB_AT, create, holders, person, remove } from './contacts.ts';
import { type Fault, faults, interleaved } from './interleaved.ts';

/** At which steps a minute passes. */
const pauses = fc.uniqueArray(fc.nat({ max: 80 }), { maxLength: 3 });

/** A store, two processes on it whose steps interleave and fail, and one that is well. */
async function world(scheduler: fc.Scheduler, planned: readonly Fault[], minutes: readonly number[]) {
  const store = memoryEventStore();
  let at = Date.parse('2017-03-15T12:00:00.000Z');
  let steps = 0;
  const connection = interleaved(scheduler, planned, () => {
    at += minutes.includes(steps++) ? 61_000 : 1;
  });
  const open = (through = connection as Parameters<typeof store.connect>[0]) =>
    writeSide(store.connect(through), { now: () => new Date(at++) });
  const well = open({});
  const ids = [await person(well, 'ann'), await person(well, 'bob')];
  const aMinutePasses = () => {
    at += 61_000;
  };
  return { store, well, ids, racing: [open(), open()], arrived: connection.arrived, aMinutePasses };
}

const isOpen = (result: CommandResult) =>
  !result.ok && ['UNAVAILABLE', 'CONFLICT'].includes(result.error.kind);

type Sent = { readonly result: CommandResult; readonly again: () => Promise<CommandResult> };

/** Sends again what is not known to have ended, until it is; a claim that was left behind blocks others for a minute. */
async function untilTold(
  sent: readonly Sent[],
  aMinutePasses: () => void,
  rounds = 5,
): Promise<readonly CommandResult[]> {
  const told: Sent[] = [];
  for (const { result, again } of sent) told.push({ result: isOpen(result) ? await again() : result, again });
  const results = told.map(({ result }) => result);
  if (rounds === 0 || !results.some(isOpen)) return results;
  aMinutePasses();
  return untilTold(told, aMinutePasses, rounds - 1);
}

test(
  'of two that want one address one gets it, and the other is told so',
  () =>
    fc.assert(
      fc.asyncProperty(faults, pauses, fc.scheduler(), async (planned, minutes, scheduler) => {
        const { store, well, ids, racing, arrived, aMinutePasses } = await world(scheduler, planned, minutes);
        const wishes = [
          (side: typeof well) => add(side, ids[0]!, ANN_AT, 'add-1'),
          (side: typeof well) => create(side, 'carol', BOB_AT, ANN_AT),
        ];
        const first = await scheduler.waitFor(Promise.all(wishes.map((wish, i) => wish(racing[i]!))));
        await scheduler.waitFor(arrived());
        const asked = wishes.map((wish, i) => ({ result: first[i]!, again: () => wish(well) }));
        const told = await untilTold(asked, aMinutePasses);

        const winners = told.flatMap(result => (result.ok ? [result.id] : []));
        expect((await holders(store))[ANN_AT] ?? []).toEqual(winners);
        expect(winners.length).toBeLessThanOrEqual(1);
        if (minutes.length === 0) expect(winners).toHaveLength(1);
        const codes = told.flatMap(result => (result.ok ? [] : [result.error.code]));
        expect(codes.every(code => code === 'EMAIL_TAKEN')).toBe(true);
        for (const [i, wish] of wishes.entries()) {
          const again = await wish(well);
          expect(again.ok ? again.id : again.error.code, 'sent once more, the answer is the same').toBe(
            told[i]?.ok ? told[i].id : 'EMAIL_TAKEN',
          );
        }
      }),
      { numRuns: 60 },
    ),
  120_000,
);

const step = fc.record({
  who: fc.nat({ max: 1 }),
  contact: fc.nat({ max: 1 }),
  what: fc.constantFrom('add', 'add', 'remove', 'archive', 'restore'),
  email: fc.constantFrom(ANN_AT, BOB_AT),
});
const clients = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 3 });

test(
  'no two live contacts ever keep one address, whatever is done with them',
  () =>
    fc.assert(
      fc.asyncProperty(clients, faults, pauses, fc.scheduler(), async (sent, planned, minutes, scheduler) => {
        const { store, well, ids, racing, arrived, aMinutePasses } = await world(scheduler, planned, minutes);
        const journal: Sent[] = [];
        const sendAll = sent.map(async (steps, client) => {
          for (const [i, { who, contact, what, email }] of steps.entries()) {
            const id = ids[contact]!;
            const request = { id, commandId: `c-${client}-${i}` };
            const wish = (side: typeof well) =>
              what === 'add'
                ? add(side, id, email, request.commandId)
                : what === 'remove'
                  ? side.send('removeContactEmail', { email }, request)
                  : side.send(`${what}Contact`, {}, request);
            journal.push({ result: await wish(racing[who]!), again: () => wish(well) });
          }
        });
        await scheduler.waitFor(Promise.all(sendAll));
        await scheduler.waitFor(arrived());
        for (const result of await untilTold(journal, aMinutePasses))
          expect(isOpen(result), 'everybody is told').toBe(false);

        for (const [email, owners] of Object.entries(await holders(store)))
          expect(owners, email).toHaveLength(1);
        for (const stream of new Set(store.log().map(({ streamId }) => streamId)))
          expectWholeChain(store.stream(stream));
        const rival = await person(well, 'carol');
        for (const [email, [owner]] of Object.entries(await holders(store))) {
          expect(await add(well, rival, email), 'whoever shows an address defends it').toMatchObject({
            error: { code: 'EMAIL_TAKEN', details: { holderId: owner } },
          });
          await remove(well, owner!, email);
          expect(await add(well, rival, email), 'and can give it away').toMatchObject({ ok: true });
        }
      }),
      { numRuns: 60 },
    ),
  120_000,
);
