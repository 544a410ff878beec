/**
 * What clients were told, held against the log. It knows nothing of dispatch: it folds the log plainly, decides each
 * command itself on the state that the log had, and compares.
 */
import { expect } from 'vitest';
import type { CommandResult } from '../../../src/commands/dispatch.ts';
import { isRejection } from '../../../src/domain/kernel/rejection.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { expectWholeChain } from '../../support/chain.ts';
import { decide, fold, type Situation } from '../../support/decider.ts';
import type { LogEvent } from '../../support/memoryEventStore.ts';
import { catalog } from '../../support/writeSide.ts';

/** One command that a client sent, and how long the record's stream was before and after. */
export type Entry = {
  readonly name: string;
  readonly input: object;
  readonly stream: string;
  readonly commandId: string;
  readonly ifRevision: number | undefined;
  readonly result: CommandResult;
  readonly from: number;
  readonly to: number;
};

/** Other aggregates that decisions look at, and that stayed as they were. */
export type Facts = NonNullable<Situation['facts']>;

/** Holds every entry of one stream against that stream's events. */
export async function checkStream(events: readonly LogEvent[], entries: readonly Entry[], facts: Facts) {
  expectWholeChain(events);
  const left = runsOf(events);
  for (const run of left.values()) await checkOrigin(run, events, entries, facts);
  for (const entry of entries) await checkAnswer(entry, left.get(entry.commandId), events, entries, facts);
}

/** The events of one command: they stand together, in one place. */
type Run = { readonly commandId: string; readonly first: number; readonly events: readonly LogEvent[] };

function runsOf(events: readonly LogEvent[]): Map<string, Run> {
  const runs = new Map<string, Run>();
  let last: string | undefined;
  for (const [i, event] of events.entries()) {
    const { commandId } = event.metadata as Envelope;
    const run = runs.get(commandId);
    if (run) expect(last, `the events of ${commandId} stand together, once`).toBe(commandId);
    runs.set(commandId, { commandId, first: run?.first ?? i, events: [...(run?.events ?? []), event] });
    last = commandId;
  }
  return runs;
}

/** What the entry's command means at a length of the stream: events, nothing, or the code of a refusal. */
async function outcomeAt(entry: Entry, length: number, events: readonly LogEvent[], facts: Facts) {
  const aggregate = catalog.commands.get(entry.name)?.aggregate;
  if (!aggregate) throw new Error(`there is no command ${entry.name}`);
  const { ifRevision } = entry;
  if (ifRevision !== undefined && length > 0 && ifRevision !== length - 1) return 'STALE';
  const past = events.slice(0, length).map(({ type, data, metadata }) => ({
    type,
    data: data as Record<string, unknown>,
    occurredAt: (metadata as Envelope).occurredAt,
  }));
  const decision = await decide(aggregate, fold(aggregate, past), entry.name, entry.input, { facts });
  return isRejection(decision) ? decision.code : decision;
}

/** All or none: the events of a command are its whole decision on what stood before them, and somebody sent it. */
async function checkOrigin(
  { commandId, first, events: own }: Run,
  events: readonly LogEvent[],
  entries: readonly Entry[],
  facts: Facts,
) {
  const stored = own.map(({ type, data }) => ({ type, data }));
  const senders = entries.filter(entry => entry.commandId === commandId && !isRefusal(entry));
  const meant = await Promise.all(senders.map(entry => outcomeAt(entry, first, events, facts)));
  const plain = meant.map(outcome => JSON.parse(JSON.stringify(outcome)));
  expect(plain, `somebody sent ${commandId} and meant this, at revision ${first}`).toContainEqual(stored);
}

/** Codes after which nothing of the command may be in the log. A lost answer is none of them. */
const isRefusal = ({ result }: Entry) => !result.ok && result.error.code !== 'UNAVAILABLE';

async function checkAnswer(
  entry: Entry,
  run: Run | undefined,
  events: readonly LogEvent[],
  entries: readonly Entry[],
  facts: Facts,
) {
  const { result, commandId, name } = entry;
  const told = `${name} ${commandId}`;
  if (result.ok && (result.appended > 0 || result.repeated)) {
    if (!run) return expect.fail(`${told} was carried out, and is not in the log`);
    const last = run.events.at(-1);
    expect([result.revision, result.position], told).toEqual([
      run.first + run.events.length - 1,
      last?.position.commit,
    ]);
    if (result.appended === 0) return;
    expect(result.appended, told).toBe(run.events.length);
    const firsts = entries.filter(
      other => other.commandId === commandId && other.result.ok && other.result.appended > 0,
    );
    expect(firsts, `${told} was carried out once, the others were repeats`).toHaveLength(1);
    return;
  }
  if (!result.ok && (result.error.code === 'UNAVAILABLE' || result.error.code === 'CONFLICT')) return;
  if (!result.ok && result.error.code === 'COMMAND_ID_REUSED') {
    const others = entries.filter(other => other.commandId === commandId && !isRefusal(other));
    expect(
      others.some(other => JSON.stringify([other.name, other.input]) !== JSON.stringify([name, entry.input])),
      told,
    ).toBe(true);
    return;
  }
  // A refusal, or nothing to do: true of the log as it stood at some moment while the command was under way.
  const moments = Array.from({ length: entry.to - entry.from + 1 }, (_, i) => entry.from + i);
  const outcomes = await Promise.all(moments.map(length => outcomeAt(entry, length, events, facts)));
  if (result.ok) expect(outcomes[result.revision + 1 - entry.from], `${told} had nothing to do`).toEqual([]);
  else
    expect(outcomes, `${told} was refused between ${entry.from} and ${entry.to}`).toContain(
      result.error.code,
    );
}
