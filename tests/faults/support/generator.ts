/**
 * The load, as a program of its own: clients that want the same e-mail addresses, change and win the same opportunities,
 * and look at what they have written. Prints a dot for each command that was carried out; SIGTERM lets it finish what it
 * has begun.
 */
import { seeded } from '../../../bench/support/random.ts';
import { type Outcome, openJournal } from './journal.ts';
import { createSender } from './sender.ts';

export type Options = {
  /** The journal's file. */
  readonly journal: string;
  /** Data folders of the instances that take the commands. */
  readonly dirs: readonly string[];
  readonly clients: number;
  readonly seed: number;
};

/** So many clients, one after the other, want the same address; so many opportunities are there for all at a time. */
const RIVALS = 4;
const SHARED = 6;
/** Of what was carried out, so many in a hundred are looked at. */
const LOOKED_AT = 30;

const options: Options = JSON.parse(process.argv[2] ?? '');
const random = seeded(options.seed);
const journal = await openJournal(options.journal);
const { carryOut, look } = createSender(options.dirs, journal, random);
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});

const setUp = async (name: string, input: Readonly<Record<string, unknown>>): Promise<string> => {
  const outcome = await carryOut({ name, input }, 'endless');
  if (outcome.outcome === 'ok') return outcome.id;
  throw new Error(`${name} was refused: ${JSON.stringify(outcome)}`);
};
const stages = [{ name: 'New' }, { name: 'Won', category: 'won' }, { name: 'Lost', category: 'lost' }];
const pipelineId = await setUp('definePipeline', { name: 'Sales', stages });
const accountId = await setUp('registerAccount', { name: 'Nordwind' });

const deals: { readonly id: string; revision: number }[] = [];
const holders: { readonly id: string; readonly email: string }[] = [];
const freed: string[] = [];
let addresses = 0;
let cents = 0;

/** Never the same twice: no wish is fulfilled before it is sent. */
function amount() {
  cents += 1;
  return { amount: (cents / 100).toFixed(2), currency: 'EUR' };
}

async function meet(): Promise<Outcome> {
  const email = freed.pop() ?? `${options.seed}-${Math.floor(addresses++ / RIVALS)}@example.com`;
  const outcome = await carryOut({ name: 'createContact', input: { name: 'Somebody', emails: [email] } });
  if (outcome.outcome === 'ok') holders.push({ id: outcome.id, email });
  return outcome;
}

async function giveUpAddress(): Promise<Outcome> {
  const holder = holders.shift();
  if (!holder) return meet();
  const outcome = await carryOut({ name: 'removeContactEmail', input: holder });
  freed.push(...Array.from({ length: RIVALS }, () => holder.email));
  return outcome;
}

async function open(): Promise<Outcome> {
  const input = { name: 'Deal', accountId, pipelineId, amount: amount() };
  const outcome = await carryOut({ name: 'openOpportunity', input });
  if (outcome.outcome === 'ok') deals.push(outcome);
  if (deals.length > SHARED) deals.shift();
  return outcome;
}

async function change(): Promise<Outcome> {
  if (deals.length === 0) return open();
  const deal = random.pick(deals);
  const seen = random.below(2) === 0 ? { ifRevision: deal.revision } : {};
  const input = { id: deal.id, amount: amount(), ...seen };
  const outcome = await carryOut({ name: 'changeOpportunityAmount', input });
  if (outcome.outcome === 'ok') deal.revision = Math.max(deal.revision, outcome.revision);
  return outcome;
}

async function win(): Promise<Outcome> {
  if (deals.length === 0) return open();
  const { id } = random.pick(deals);
  return carryOut({ name: 'winOpportunity', input: { id, amount: amount() } });
}

/** As often as they stand here. */
const ACTIONS = [
  { type: 'contact', act: meet },
  { type: 'contact', act: meet },
  { type: 'contact', act: giveUpAddress },
  { type: 'opportunity', act: open },
  { type: 'opportunity', act: change },
  { type: 'opportunity', act: change },
  { type: 'opportunity', act: win },
];

async function client(): Promise<void> {
  while (!stopping) {
    const { type, act } = random.pick(ACTIONS);
    const outcome = await act();
    if (outcome.outcome !== 'ok') continue;
    process.stdout.write('.');
    const { id, position, revision } = outcome;
    if (random.below(100) < LOOKED_AT) await look(type, id, position, revision);
  }
}

await Promise.all(Array.from({ length: options.clients }, client));
await journal.close();
