/**
 * What the events of a stream said, part by part, so that it can be told who spoke last of each.
 *
 * What was taken back counts as never said, until that is taken back itself: an undo's events say nothing of their own,
 * they strike out what another command said, or bring it back. So an undo that was cut short goes on where it was, one
 * that comes again finds nothing, and an edit that was undone is no edit.
 */
import type { Aggregate, Folded } from '../../domain/kernel/aggregate.ts';
import type { Never, Part, Undoing } from '../../domain/kernel/undo.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';

/** Who said something, when and by what. */
export type Speech = Pick<
  RecordedEvent,
  'type' | 'revision' | 'occurredAt' | 'recordedAt' | 'actor' | 'commandId' | 'correlationId'
>;

/** An event with what it said of each of its parts. */
export type Saying = {
  readonly speech: Speech;
  /** Of the series that is to be taken back. */
  readonly mine: boolean;
  readonly words: readonly Word[];
  readonly back: 'begun' | Never | Undoing['back'];
};

/** What an event said of one part. */
export type Word = { readonly part: Part; readonly saying: Saying; struck: boolean };

export type Trace = {
  /** Of the last event that it knows; −1 before the first. */
  readonly revision: () => number;
  /** The series' events in their order. */
  readonly mine: readonly Saying[];
  /** What still counts of others' events after the record had begun; the latest first. */
  readonly others: () => readonly Saying[];
  /** What counts of a part now, apart from words that are left out. */
  readonly last: (part: Part, without: ReadonlySet<Word>) => Word | undefined;
  /** Commands of this prefix. */
  readonly commandsBy: (prefix: string) => number;
  readonly add: (event: RecordedEvent) => void;
};

/** What an erased person's events said may be nothing any more, and was not taken back for that. */
export const isTakenBack = ({ words }: Saying): boolean =>
  words.length > 0 && words.every(({ struck }) => struck);

/** What commandIds of undos begin with. */
export const UNDO_MARK = 'undo.';

/** Spoken of by an event that can't say of what. */
const EVERYTHING: Part = '*';

export function createTrace(aggregate: Aggregate, isMine: (event: RecordedEvent) => boolean): Trace {
  const parts = new Map<Part, Word[]>();
  /** By command: what it said, or what its undo struck out or brought back. */
  const spoken = new Map<string, Set<Word>>();
  const mine: Saying[] = [];
  const others: Saying[] = [];
  let folded: Folded<unknown> = aggregate.initial;
  let revision = -1;

  const add = (event: RecordedEvent) => {
    const { back, about } = rulingOf(aggregate, event, folded);
    folded = aggregate.evolve(folded, event);
    revision = event.revision;
    // A sender may name a command so as well, but only an undo answers another one.
    const isUndo = event.commandId.startsWith(UNDO_MARK) && event.causationId !== event.commandId;
    const undone = isUndo && !isMine(event) ? spoken.get(event.causationId) : undefined;
    if (undone) {
      const turned = wordsOf(event.commandId);
      for (const word of undone) {
        // Several events of one undo may be about one part: they turn it once.
        if (!about.includes(word.part) || turned.has(word)) continue;
        word.struck = !word.struck;
        turned.add(word);
      }
      return;
    }
    const words: Word[] = [];
    const saying = { speech: speechOf(event), mine: isMine(event), words, back };
    for (const part of about) words.push({ part, saying, struck: false });
    const said = wordsOf(event.commandId);
    for (const word of words) {
      said.add(word);
      getOrMake(parts, word.part, () => []).push(word);
    }
    if (saying.mine) mine.push(saying);
    else if (back !== 'begun') others.push(saying);
  };

  const wordsOf = (commandId: string) => getOrMake(spoken, commandId, () => new Set<Word>());

  return {
    revision: () => revision,
    mine,
    others: () => others.filter(({ words }) => words.some(({ struck }) => !struck)).reverse(),
    last: (part, without) => {
      const counts = (word: Word) => !word.struck && !without.has(word);
      const [own, all] = [part, EVERYTHING].map(name => parts.get(name)?.findLast(counts));
      return own && all
        ? all.saying.speech.revision > own.saying.speech.revision
          ? all
          : own
        : (own ?? all);
    },
    commandsBy: prefix => [...spoken.keys()].filter(commandId => commandId.startsWith(prefix)).length,
    add,
  };
}

function rulingOf(
  aggregate: Aggregate,
  event: RecordedEvent,
  { state, record }: Folded<unknown>,
): { back: Saying['back']; about: readonly Part[] } {
  const rule = aggregate.undo.get(event.type) ?? { never: 'nothing is declared that would take it back' };
  if ('begun' in rule) return { back: 'begun', about: ['archived'] };
  if ('never' in rule) return { back: rule, about: [EVERYTHING] };
  const { parts, back } = rule(event.data, state, record);
  return { back, about: [...new Set(parts)] };
}

const speechOf = ({
  type,
  revision,
  occurredAt,
  recordedAt,
  actor,
  commandId,
  correlationId,
}: RecordedEvent): Speech => ({ type, revision, occurredAt, recordedAt, actor, commandId, correlationId });

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
