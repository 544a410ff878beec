/**
 * Writing: what has arrived while the last commit ran goes into one commit (group commit), and is answered only when
 * that has returned, which is when it is on the disk. A lone append never waits for company.
 */
import type { Applying, Change, Outcome, Written } from './applying.ts';
import type { Categories } from './categories.ts';
import { isIoError } from './database.ts';
import { storeError } from './errors.ts';

export type Write = Change & {
  /** Nobody waits for the answer any more: it isn't written if it wasn't yet. */
  readonly abandoned: () => boolean;
  readonly done: (outcome: Outcome) => void;
};

/** Bounds of one commit, so that a burst of large appends doesn't keep readers from their turn. */
const COMMIT_WRITES = 1_000;
const COMMIT_BYTES = 8 * 1024 * 1024;

/** `categories` is absent when events aren't to be linked. `committed` is told of each commit before its writes are answered. */
export function createWriter(
  applying: Applying,
  categories: Categories | undefined,
  committed: (written: Written) => void,
) {
  let queue: Write[] = [];
  let scheduled = false;
  /** Set when a sync failed: what is on the disk is unknown then, and only a restart finds out. */
  let broken: unknown;

  function submit(write: Write): void {
    queue.push(write);
    schedule();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      drain();
    });
  }

  /** Commits the next group. Called again through the event loop while more is queued, so that reads get their turn. */
  function drain(): void {
    const group = takeGroup();
    if (group.length > 0) commitGroup(group);
    if (categories?.behind()) catchUp(categories);
    if (queue.length > 0 || categories?.behind()) schedule();
  }

  function catchUp({ catchUp }: Categories): void {
    try {
      transact(catchUp);
    } catch (error) {
      // Appends go on; the links wait for the next start, when this is said again.
      categories = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      process.emitWarning(`Older events can't be linked in their categories: ${reason}`);
    }
  }

  function takeGroup(): Write[] {
    let bytes = 0;
    let count = 0;
    while (count < queue.length && count < COMMIT_WRITES && bytes < COMMIT_BYTES)
      for (const { data, metadata } of queue[count++]!.events) bytes += data.length + metadata.length;
    const group = queue.slice(0, count);
    queue = count === queue.length ? [] : queue.slice(count);
    return group;
  }

  function commitGroup(group: readonly Write[]): void {
    try {
      const outcomes = transact(() =>
        group.map(write => (write.abandoned() ? ABANDONED : applying.apply(write))),
      );
      group.forEach((write, index) => void write.done(outcomes[index]!));
    } catch (error) {
      // One write may have failed all: each alone then, so that only the one that fails is refused.
      if (group.length > 1 && broken === undefined) for (const write of group) commitGroup([write]);
      else for (const write of group) write.done({ kind: 'failed', error });
    }
  }

  /** One transaction. Throws with nothing written and nothing remembered. */
  function transact<Result>(work: () => Result): Result {
    if (broken !== undefined) throw broken;
    try {
      applying.begin();
      const result = work();
      categories?.follow(applying.written());
      applying.commit();
      committed(applying.written());
      return result;
    } catch (error) {
      applying.rollback();
      categories?.forget();
      if (!isIoError(error)) throw error;
      broken = storeError(
        'UNEXPECTED',
        'The disk failed while events were written: check it, then start again.',
        error,
      );
      throw broken;
    }
  }

  if (categories?.behind()) schedule();
  return {
    submit,
    /** Commits and answers everything that has been submitted. */
    finish: (): void => {
      while (queue.length > 0) drain();
    },
  };
}

const ABANDONED: Outcome = { kind: 'failed', error: undefined };
