/**
 * When an append is written, when it is a repeat, and when it is refused: EventStoreDB's own rules, pure.
 * Source: https://docs.kurrent.io/clients/grpc/appending-events.html, and the server's behaviour where that is silent.
 */

/** What the client says the stream is like; a number is the revision of its last event. */
export type Expected = 'any' | 'noStream' | 'streamExists' | bigint;

/** The current revision of a stream without events. */
export const NO_STREAM = -1;

/** `soft`: it may be written to again, and goes on counting. `hard`: it has a tombstone. */
export type Deletion = 'soft' | 'hard' | undefined;

/** What the stream is like. */
export type Condition = {
  /** The revision of its last event. */
  readonly current: number;
  readonly deletion: Deletion;
  readonly hasMetadata: () => boolean;
};

/** What the stream holds already. */
export type History = {
  /** The revision of its earliest event with this id. */
  revisionOf(id: string): number | undefined;
  idAt(revision: number): string | undefined;
};

export type Verdict =
  | { readonly kind: 'append' }
  /** All of it is there already: answer success, write nothing. `last` is the revision of its last event. */
  | { readonly kind: 'repeat'; readonly last: number }
  | { readonly kind: 'wrongRevision' }
  /** It is not for writing, or not to one who expects it to be there. */
  | { readonly kind: 'deleted' };

const DELETED: Verdict = { kind: 'deleted' };
const APPEND: Verdict = { kind: 'append' };
const WRONG: Verdict = { kind: 'wrongRevision' };

export function judge(
  expected: Expected,
  { current, deletion, hasMetadata }: Condition,
  ids: readonly string[],
  history: History,
): Verdict {
  if (deletion === 'hard') return DELETED;
  if (expected === 'any') return repeatAnywhere(current, ids, history);
  if (expected === 'streamExists') {
    if (deletion === 'soft') return DELETED;
    // A stream that has metadata exists, also before its first event.
    return current === NO_STREAM && !hasMetadata() ? WRONG : repeatAnywhere(current, ids, history);
  }
  const revision = expected === 'noStream' ? NO_STREAM : Number(expected);
  if (revision > current) return WRONG;
  // At the current revision nothing is compared: the same ids are appended again.
  if (revision === current) return APPEND;
  const verdict = repeatAfter(revision, ids, history);
  // A deleted stream is as good as none, and goes on where it ended.
  const anew = expected === 'noStream' && deletion === 'soft' && ids.length > 0 && history.idAt(0) !== ids[0];
  return verdict.kind === 'wrongRevision' && anew ? APPEND : verdict;
}

/** Without an exact revision, known ids mark a repeat. Known ids followed by unknown ones are neither, so refused. */
function repeatAnywhere(current: number, ids: readonly string[], history: History): Verdict {
  let last: number | undefined;
  for (const id of ids) {
    const revision = current === NO_STREAM ? undefined : history.revisionOf(id);
    if (revision === undefined) return last === undefined ? APPEND : WRONG;
    last = revision;
  }
  return last === undefined ? APPEND : { kind: 'repeat', last };
}

/** At an old revision only the very same ids, one after the other, are a repeat; they may be fewer than followed. */
function repeatAfter(revision: number, ids: readonly string[], history: History): Verdict {
  const same = ids.every((id, index) => history.idAt(revision + 1 + index) === id);
  return same && ids.length > 0 ? { kind: 'repeat', last: revision + ids.length } : WRONG;
}
