/**
 * The events that take a series back in one stream, and what is left alone, with the reason.
 *
 * The newest command first, so that each is taken back upon the state that it left. A part that someone has spoken of
 * since is left alone; a record that the series began goes into the archive, whole, unless anyone else has touched it.
 * Each step is decided by the record's own commands: what a rule refuses is left alone as well.
 */
import type { Aggregate, Folded } from '../../domain/kernel/aggregate.ts';
import { erasureType } from '../../domain/kernel/erasure.ts';
import type { NewEvent } from '../../domain/kernel/events.ts';
import { pascal } from '../../domain/kernel/record.ts';
import { isRejection, type Rejection } from '../../domain/kernel/rejection.ts';
import { type Call, call, type Part } from '../../domain/kernel/undo.ts';
import type { Instant } from '../../domain/kernel/values.ts';
import { isTakenBack, type Saying, type Speech, type Trace, type Word } from './trace.ts';

/** An event that is taken back, as far as these parts go. */
export type TakenBack = { readonly event: Speech; readonly parts: readonly Part[] };

export type LeftAlone = {
  /** The latest of the series where its record could not be written; absent where it could not even be read. */
  readonly event?: Speech;
  /** None where it is the record as a whole. */
  readonly parts: readonly Part[];
  readonly why: 'EDITED_SINCE' | 'REFUSED' | 'STAYS';
  /** Of a rule that refused it. */
  readonly rule?: string;
  readonly message: string;
  /** The latest edit, or what stands in the way. */
  readonly by?: Speech;
};

export type Plan = {
  readonly events: readonly NewEvent[];
  readonly takenBack: readonly TakenBack[];
  readonly leftAlone: readonly LeftAlone[];
  /** Events of the series that were taken back before, or had changed nothing. */
  readonly already: number;
  /** It is more than goes into one append. */
  readonly isCut: boolean;
};

/** A command's events upon a state that is not stored yet, or why not. */
export type DecideCall = (call: Call, folded: Folded<unknown>) => Promise<readonly NewEvent[] | Rejection>;

export type PlanOptions = {
  readonly aggregate: Aggregate;
  readonly trace: Trace;
  /** As the trace's revision has it. */
  readonly folded: Folded<unknown>;
  readonly decide: DecideCall;
  /** When it is taken back. */
  readonly occurredAt: Instant;
  /** Characters of JSON, after which a plan ends with the command that it is at. */
  readonly limit: number;
};

export const NOTHING: Plan = { events: [], takenBack: [], leftAlone: [], already: 0, isCut: false };

export async function planUndo(options: PlanOptions): Promise<Plan> {
  if (options.folded.record.erased) return planNothing(options);
  const beginning = options.trace.mine.find(({ back }) => back === 'begun');
  return beginning ? planWhole(beginning, options) : planParts(options);
}

/** What an erased person's events said can't be read any more, and nothing can be said of them. */
function planNothing({ aggregate: { category }, trace: { mine, others } }: PlanOptions): Plan {
  const standing = mine.filter(saying => !isTakenBack(saying));
  const already = mine.length - standing.length;
  const event = standing.at(-1)?.speech;
  if (!event) return { ...NOTHING, already };
  const by = others().find(({ speech }) => speech.type === erasureType(category))?.speech;
  const message = 'the person was erased; nothing of the record can be changed any more';
  return { ...NOTHING, leftAlone: [{ event, parts: [], why: 'STAYS', message, ...(by && { by }) }], already };
}

/** The record is the series' own: all of what it said goes with it, or none. */
async function planWhole(
  beginning: Saying,
  { aggregate, trace, folded, decide }: PlanOptions,
): Promise<Plan> {
  const { mine } = trace;
  if (beginning.words.every(({ struck }) => struck)) return { ...NOTHING, already: mine.length };
  const [edit] = trace.others();
  if (edit) {
    const left = { event: beginning.speech, parts: [], why: 'EDITED_SINCE', by: edit.speech } as const;
    return { ...NOTHING, leftAlone: [{ ...left, message: 'it was edited since, and stays as it is' }] };
  }
  const decision = await decide(call(`archive${pascal(aggregate.category)}`, { reason: 'undone' }), folded);
  if (isRejection(decision)) return { ...NOTHING, leftAlone: [refused(beginning, [], decision)] };
  if (decision.length === 0) return { ...NOTHING, already: mine.length };
  return {
    ...NOTHING,
    events: causedBy(beginning, decision),
    takenBack: mine.map(({ speech, words }) => ({ event: speech, parts: words.map(({ part }) => part) })),
  };
}

async function planParts(options: PlanOptions): Promise<Plan> {
  const run = createRun(options);
  let isCut = false;
  for (const command of byCommand(options.trace.mine)) {
    isCut = run.size() > options.limit;
    if (isCut) break;
    await takeCommandBack(command, run);
  }
  return { ...run.plan(), isCut };
}

/** What one command said depends on each other (a line and the amount): what is refused is tried again after the rest. */
async function takeCommandBack(command: readonly Saying[], run: Run): Promise<void> {
  let waiting = command;
  for (;;) {
    const refusals: { saying: Saying; rejection: Rejection }[] = [];
    for (const saying of waiting) {
      const rejection = await run.tryBack(saying);
      if (rejection) refusals.push({ saying, rejection });
    }
    if (refusals.length === 0) return;
    if (refusals.length === waiting.length) {
      for (const { saying, rejection } of refusals) run.giveUp(saying, rejection);
      return;
    }
    waiting = refusals.map(({ saying }) => saying);
  }
}

type Run = ReturnType<typeof createRun>;

function createRun({ aggregate, trace, folded, decide, occurredAt }: PlanOptions) {
  const unsaid = new Set<Word>();
  const events: NewEvent[] = [];
  const takenBack: TakenBack[] = [];
  const leftAlone: LeftAlone[] = [];
  let now = folded;
  let already = 0;
  let size = 0;

  const standing = ({ words }: Saying) => words.filter(word => !word.struck && !unsaid.has(word));
  const isLast = (word: Word) => trace.last(word.part, unsaid) === word;

  /** All calls of an event, or none. */
  async function decideAll(calls: readonly Call[]): Promise<readonly NewEvent[] | Rejection> {
    const decided: NewEvent[] = [];
    let then = now;
    for (const each of calls) {
      const decision = await decide(each, then);
      if (isRejection(decision)) return decision;
      then = foldNew(aggregate, then, decision, occurredAt);
      decided.push(...decision);
    }
    now = then;
    return decided;
  }

  return {
    /** Says why it could not be taken back; what was edited since is left alone for good. */
    tryBack: async (saying: Saying): Promise<Rejection | undefined> => {
      const { back, speech } = saying;
      const words = standing(saying);
      if (words.length === 0) already += 1;
      const held = words.filter(isLast);
      if (held.length > 0 && typeof back === 'function') {
        const decision = await decideAll(back(new Set(held.map(({ part }) => part)), now.state));
        if (isRejection(decision)) return decision;
        for (const word of held) unsaid.add(word);
        const caused = causedBy(saying, decision);
        events.push(...caused);
        if (caused.length === 0) already += 1;
        else {
          takenBack.push({ event: speech, parts: held.map(({ part }) => part) });
          size += JSON.stringify(caused).length;
        }
      } else if (held.length > 0 && typeof back === 'object')
        leftAlone.push({ event: speech, parts: [], why: 'STAYS', message: back.never });
      const edited = words.filter(word => !held.includes(word));
      if (edited.length > 0)
        leftAlone.push(...overwritten(saying, edited, word => trace.last(word.part, unsaid)));
      return undefined;
    },
    giveUp: (saying: Saying, rejection: Rejection) => {
      const words = standing(saying);
      const held = words.filter(isLast);
      leftAlone.push(refused(saying, held, rejection));
      const edited = words.filter(word => !held.includes(word));
      leftAlone.push(...overwritten(saying, edited, word => trace.last(word.part, unsaid)));
    },
    size: () => size,
    plan: () => ({ events, takenBack, leftAlone, already }),
  };
}

/** By who spoke last. */
function overwritten(
  { speech }: Saying,
  words: readonly Word[],
  last: (word: Word) => Word | undefined,
): readonly LeftAlone[] {
  const editors = Map.groupBy(words, word => last(word)?.saying);
  return [...editors].map(([editor, edited]) => ({
    event: speech,
    parts: edited.map(({ part }) => part),
    ...(editor?.mine
      ? { why: 'STAYS' as const, message: 'what the series said of it later could not be taken back' }
      : { why: 'EDITED_SINCE' as const, message: 'it was edited since, and stays as it is' }),
    ...(editor && { by: editor.speech }),
  }));
}

const refused = ({ speech }: Saying, words: readonly Word[], { code, message }: Rejection): LeftAlone => ({
  event: speech,
  parts: words.map(({ part }) => part),
  why: 'REFUSED',
  rule: code,
  message,
});

/** Says of each event which command it answers; the order stays. */
const causedBy = ({ speech }: Saying, events: readonly NewEvent[]): readonly NewEvent[] =>
  events.map(event => ({ ...event, causationId: speech.commandId }));

/** The newest command first, and in it the newest event. */
function byCommand(sayings: readonly Saying[]): readonly (readonly Saying[])[] {
  const commands = Map.groupBy(sayings.toReversed(), ({ speech }) => speech.commandId);
  return [...commands.values()];
}

/** The state after events that are not stored yet. */
export const foldNew = (
  aggregate: Aggregate,
  folded: Folded<unknown>,
  events: readonly NewEvent[],
  occurredAt: Instant,
): Folded<unknown> => events.reduce((so, event) => aggregate.evolve(so, { ...event, occurredAt }), folded);
