/** The checker finds what it is there to find: evidence in which all is well, and each way in which it could not be. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { check, type Evidence, type Logged } from './support/check.ts';
import { type Entry, type Looked, type Outcome, openJournal, readJournal } from './support/journal.ts';

const AT = '2026-01-01T00:00:00.000Z';

/** What a client sent, and each answer that it got. */
const sent = (commandId: string, name: string, input: object, ...outcomes: Outcome[]): Entry[] =>
  outcomes.flatMap(outcome => [
    { kind: 'sent' as const, commandId, name, input: { ...input }, at: AT },
    { kind: 'told' as const, commandId, at: AT, ...outcome },
  ]);
const ok = (id: string, revision: number, position: number): Outcome => ({
  outcome: 'ok',
  id,
  revision,
  position: String(position),
});
const rejected = (code: string): Outcome => ({ outcome: 'rejected', code });
const unknown: Outcome = { outcome: 'unknown' };
const looked = (saw: number | string): Looked => ({
  kind: 'looked',
  id: 'deal',
  position: '7',
  revision: 1,
  saw,
});

const event = (
  position: number,
  stream: string,
  revision: number,
  commandId: string,
  type = 'Something',
) => ({
  stream,
  revision,
  position: BigInt(position),
  type,
  commandId,
  causationId: commandId,
  actor: 'user',
});
const byProcess = (logged: Logged, causationId: string): Logged => ({
  ...logged,
  actor: 'process',
  causationId,
});

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const ANN = { name: 'Ann', emails: ['a@example.com'] };
const JOURNAL: readonly Entry[] = [
  ...sent('ann', 'createContact', ANN, ok('ann', 0, 2)),
  ...sent('bob', 'createContact', ANN, unknown, rejected('EMAIL_TAKEN')),
  ...sent('free', 'removeContactEmail', { id: 'ann', email: 'a@example.com' }, ok('ann', 1, 4)),
  ...sent('cyd', 'createContact', ANN, unknown),
  ...sent('dan', 'createContact', ANN, unknown),
  ...sent('open', 'openOpportunity', { amount: eur('1.00') }, unknown, ok('deal', 0, 6)),
  ...sent('win', 'winOpportunity', { id: 'deal', amount: eur('10.50'), ifRevision: 0 }, ok('deal', 1, 7)),
  ...sent('late', 'winOpportunity', { id: 'deal', amount: eur('9.00') }, rejected('NOT_OPEN')),
  looked(1),
  looked('NOT_YET_VISIBLE'),
];
const LOG: readonly Logged[] = [
  byProcess(event(1, 'reservation-default.a', 0, 'r1'), 'ann'),
  event(2, 'contact-default.ann', 0, 'ann'),
  byProcess(event(3, 'treeHead-default.1', 0, 'head'), 'head'),
  event(4, 'contact-default.ann', 1, 'free'),
  event(5, 'contact-default.cyd', 0, 'cyd'),
  event(6, 'opportunity-default.deal', 0, 'open', 'OpportunityOpened'),
  event(7, 'opportunity-default.deal', 1, 'win', 'OpportunityWon'),
];
const point = (position: number, end: number, connection = 1) => ({
  build: 'contacts_v1',
  position: BigInt(position),
  end: BigInt(end),
  connection,
});
const WELL: Evidence = {
  journal: JOURNAL,
  log: LOG,
  checkpoints: [point(1, 2), point(5, 5), point(5, 6), point(4, 7, 2), point(7, 7, 2)],
  shown: { addresses: [{ email: 'a@example.com', contact: 'cyd' }], wonCents: 1050n },
};

test('where all is well nothing is found', () => expect(check(WELL)).toEqual([]));

test.each<[string, string, Partial<Evidence>]>([
  [
    'I1',
    'one that was answered is lost',
    { log: LOG.slice(0, -1), shown: { ...shown('cyd'), wonCents: 0n } },
  ],
  ['I1', 'it is there twice', { log: [...LOG, event(8, 'opportunity-default.deal', 2, 'open')] }],
  [
    'I1',
    'it is elsewhere than was answered',
    { log: LOG.map(e => (e.commandId === 'open' ? { ...e, position: 66n } : e)) },
  ],
  ['I1', 'one that was refused is there', { log: [...LOG, event(8, 'opportunity-default.deal', 2, 'late')] }],
  ['I2', 'a revision is missing', { log: LOG.map(e => (e.commandId === 'cyd' ? { ...e, revision: 1 } : e)) }],
  [
    'I2',
    'a revision is there twice',
    { log: [...LOG, byProcess(event(8, 'reservation-default.a', 0, 'r2'), 'ann')] },
  ],
  ['I2', 'nobody sent it', { log: [...LOG, event(8, 'account-default.x', 0, 'nobody')] }],
  ['I2', 'nothing caused it', { log: [...LOG, byProcess(event(8, 'reservation-default.b', 0, 'r2'), 'r2')] }],
  ['I4', 'a checkpoint went back', { checkpoints: [point(5, 6), point(4, 6)] }],
  ['I4', 'a checkpoint is beyond the log', { checkpoints: [point(7, 6)] }],
  ['I5', 'an older revision was shown', { journal: [...JOURNAL, looked(0)] }],
  ['I5', 'nothing was shown', { journal: [...JOURNAL, looked('gone')] }],
  ['I5', 'it failed without a reason', { journal: [...JOURNAL, looked('INTERNAL')] }],
  [
    'I7',
    'two have one address',
    { log: [...LOG, event(8, 'contact-default.dan', 0, 'dan')], shown: shown('dan') },
  ],
  ['I7', 'two are shown with one address', { shown: shown('cyd', 'ann') }],
  ['I7', 'nobody is shown with it', { shown: shown() }],
  ['I7', 'another sum is shown', { shown: { ...shown('cyd'), wonCents: 1950n } }],
  [
    'I7',
    'it was won twice',
    {
      journal: [...JOURNAL, ...sent('again', 'winOpportunity', { amount: eur('0.00') }, unknown)],
      log: [...LOG, event(8, 'opportunity-default.deal', 2, 'again', 'OpportunityWon')],
      shown: { ...shown('cyd'), wonCents: 0n },
    },
  ],
  [
    'I7',
    'what was seen had changed',
    {
      journal: [...JOURNAL, ...sent('blind', 'changeOpportunityAmount', { ifRevision: 0 }, unknown)],
      log: [...LOG, event(8, 'opportunity-default.deal', 2, 'blind')],
    },
  ],
])('%s: %s', (invariant, _, doctored) => {
  const found = check({ ...WELL, ...doctored });
  expect([...new Set(found.map(violation => violation.invariant))]).toEqual([invariant]);
});

function shown(...contacts: string[]) {
  return { addresses: contacts.map(contact => ({ email: 'a@example.com', contact })), wonCents: 1050n };
}

test('an address that was taken over is given up again, by an event that leads back to the command', () => {
  const journal = [...JOURNAL, ...sent('eve', 'createContact', ANN, rejected('EMAIL_TAKEN'))];
  const created = event(8, 'contact-default.eve', 0, 'eve');
  const givenUp = byProcess(event(9, 'contact-default.eve', 1, 'r3'), 'eve');
  expect(check({ ...WELL, journal, log: [...LOG, created, givenUp] })).toEqual([]);
  expect(check({ ...WELL, journal, log: [...LOG, created] }).map(({ invariant }) => invariant)).toContain(
    'I1',
  );
});

test('what was written to the journal is read again, but for a line that was cut short', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'relata-journal-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, 'journal.jsonl');
  const journal = await openJournal(path);
  await Promise.all(JOURNAL.map(journal.write));
  await journal.close();
  await appendFile(path, '{"kind":"sent","comm');
  expect(await readJournal(path)).toEqual(JOURNAL);
});
