/**
 * The journal held against the log and against what is shown. It knows nothing of how commands are carried out: what each
 * was meant to do is in the journal. The names are those of docs/reliability.md.
 */
import type { Entry, Looked, Outcome, Sent } from './journal.ts';

/** An event of the log, the event store's own left out. */
export type Logged = {
  readonly stream: string;
  readonly revision: number;
  readonly position: bigint;
  readonly type: string;
  readonly commandId: string;
  readonly causationId: string;
  /** Who it was: `process` for what Relata does by itself. */
  readonly actor: string;
};

/** Where a read model was, and where the log ended right afterwards. */
export type Checkpoint = {
  readonly build: string;
  readonly position: bigint;
  readonly end: bigint;
  /** Counts how often Postgres had gone: what it lost then is lost together with the checkpoint. */
  readonly connection: number;
};

/** Of the read models, once they have caught up. */
export type Shown = {
  /** Who has an address; each once for each contact that shows it. */
  readonly addresses: readonly { readonly email: string; readonly contact: string }[];
  readonly wonCents: bigint;
};

export type Evidence = {
  readonly journal: readonly Entry[];
  /** In log order. */
  readonly log: readonly Logged[];
  readonly checkpoints: readonly Checkpoint[];
  readonly shown: Shown;
};

export type Violation = { readonly invariant: 'I1' | 'I2' | 'I4' | 'I5' | 'I7'; readonly what: string };

export function check(evidence: Evidence): readonly Violation[] {
  const commands = commandsOf(evidence.journal);
  const as = (invariant: Violation['invariant'], found: readonly string[]) =>
    found.map(what => ({ invariant, what }));
  return [
    ...as('I1', answersAreKept(commands, evidence.log)),
    ...as('I2', [...revisionsHaveNoGaps(evidence.log), ...eventsAreExplained(commands, evidence.log)]),
    ...as('I4', checkpointsGoForwards(evidence.checkpoints)),
    ...as('I5', readersSawTheirWrites(evidence.journal)),
    ...as('I7', rulesHeld(commands, evidence)),
  ];
}

/** A command with the last word on it: what was answered once holds, whatever was unknown before. */
type Command = Pick<Sent, 'commandId' | 'name' | 'input'> & { outcome: Outcome };

function commandsOf(journal: readonly Entry[]): ReadonlyMap<string, Command> {
  const commands = new Map<string, Command>();
  for (const entry of journal) {
    const known = entry.kind === 'looked' ? undefined : commands.get(entry.commandId);
    if (entry.kind === 'sent' && !known)
      commands.set(entry.commandId, { ...entry, outcome: { outcome: 'unknown' } });
    if (entry.kind === 'told' && known && known.outcome.outcome !== 'ok') known.outcome = entry;
  }
  return commands;
}

/** Each of the load's commands is one event. */
function answersAreKept(commands: ReadonlyMap<string, Command>, log: readonly Logged[]): string[] {
  const events = Map.groupBy(log, ({ commandId }) => commandId);
  return [...commands.values()].flatMap(command => {
    const own = events.get(command.commandId) ?? [];
    const told = `${command.name} ${command.commandId} was ${command.outcome.outcome}`;
    if (own.length > 1) return [`${told} and is in the log ${own.length} times`];
    const [event] = own;
    if (command.outcome.outcome === 'rejected')
      return event && !wasGivenUp(command, log) ? [`${told} and is in the log`] : [];
    if (command.outcome.outcome === 'unknown') return [];
    const { id, revision, position } = command.outcome;
    if (!event) return [`${told} and is not in the log`];
    const isThere =
      event.stream.endsWith(`.${id}`) && event.revision === revision && event.position === BigInt(position);
    return isThere ? [] : [`${told} at ${id}@${revision}, ${position}, and is at ${placeOf(event)}`];
  });
}

/** An address that another has taken over is taken out of the record again, by an event that names the command. */
const wasGivenUp = ({ commandId, outcome }: Command, log: readonly Logged[]): boolean =>
  outcome.outcome === 'rejected' &&
  outcome.code === 'EMAIL_TAKEN' &&
  log.some(event => event.actor === 'process' && event.causationId === commandId && isOfContact(event));

function revisionsHaveNoGaps(log: readonly Logged[]): string[] {
  const next = new Map<string, number>();
  return log.flatMap(event => {
    const expected = next.get(event.stream) ?? 0;
    next.set(event.stream, event.revision + 1);
    return event.revision === expected ? [] : [`${placeOf(event)} follows revision ${expected - 1}`];
  });
}

/** By its own command, or by what caused what Relata did by itself: tree heads are nobody's wish. */
function eventsAreExplained(commands: ReadonlyMap<string, Command>, log: readonly Logged[]): string[] {
  const explained = new Set(commands.keys());
  return log.flatMap(event => {
    if (event.actor === 'process' && (explained.has(event.causationId) || isAboutTheLog(event)))
      explained.add(event.commandId);
    return explained.has(event.commandId) ? [] : [`${event.type} at ${placeOf(event)} comes from no command`];
  });
}

function checkpointsGoForwards(checkpoints: readonly Checkpoint[]): string[] {
  const last = new Map<string, Checkpoint>();
  return checkpoints.flatMap(point => {
    const before = last.get(point.build);
    last.set(point.build, point);
    const found: string[] = [];
    if (point.position > point.end)
      found.push(`${point.build} was at ${point.position}, and the log ended at ${point.end}`);
    if (before?.connection === point.connection && before.position > point.position)
      found.push(`${point.build} went back from ${before.position} to ${point.position}`);
    return found;
  });
}

/** Codes that tell a reader to ask again; `unanswered` isn't Relata's. */
const TYPED = new Set(['NOT_YET_VISIBLE', 'UNAVAILABLE', 'unanswered']);

const readersSawTheirWrites = (journal: readonly Entry[]): string[] =>
  journal
    .filter((entry): entry is Looked => entry.kind === 'looked')
    .filter(({ saw, revision }) => (typeof saw === 'number' ? saw < revision : !TYPED.has(saw)))
    .map(({ id, revision, position, saw }) => `${id}@${revision} as of ${position} was answered with ${saw}`);

function rulesHeld(
  commands: ReadonlyMap<string, Command>,
  { log, shown }: Pick<Evidence, 'log' | 'shown'>,
): string[] {
  const found: string[] = [];
  const owners = new Map<string, string>();
  const won = new Map<string, bigint>();
  for (const event of log) {
    const command = commands.get(event.commandId);
    if (!command || wasGivenUp(command, log)) continue;
    const { ifRevision, emails, email } = command.input;
    if (typeof ifRevision === 'number' && event.revision !== ifRevision + 1)
      found.push(`${event.commandId} had seen revision ${ifRevision}, and is at ${placeOf(event)}`);
    for (const address of command.name === 'createContact' ? (emails as string[]) : []) {
      const owner = owners.get(address);
      if (owner !== undefined)
        found.push(`${address} is ${owner}'s and ${event.stream}'s at ${event.position}`);
      owners.set(address, event.stream);
    }
    if (command.name === 'removeContactEmail') owners.delete(email as string);
    if (event.type !== 'OpportunityWon') continue;
    if (won.has(event.stream)) found.push(`${event.stream} was won twice`);
    won.set(event.stream, centsOf(command.input.amount as Amount));
  }
  const wonCents = [...won.values()].reduce((a, b) => a + b, 0n);
  if (shown.wonCents !== wonCents)
    found.push(`${shown.wonCents} cents are shown as won, and ${wonCents} were`);
  const expected = [...owners].map(([address, stream]) => `${address} ${stream.split('.')[1]}`);
  const seen = shown.addresses.map(({ email: address, contact }) => `${address} ${contact}`);
  const differing = [
    ...expected.filter(pair => !seen.includes(pair)),
    ...seen.filter(pair => !expected.includes(pair)),
  ];
  return [...found, ...differing.map(pair => `${pair}: shown and written differ`)];
}

type Amount = { readonly amount: string };
/** All amounts of the load have two decimals. */
export const centsOf = ({ amount }: Amount): bigint => BigInt(amount.replace('.', ''));

const isOfContact = ({ stream }: Logged) => stream.startsWith('contact-');
const isAboutTheLog = ({ stream }: Logged) => /^(treeHead|signingKey)-/.test(stream);
const placeOf = ({ stream, revision, position }: Logged) => `${stream}@${revision}, ${position}`;
