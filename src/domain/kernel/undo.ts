/**
 * Taking events back by new ones. Each event type says in its aggregate's `undo` which parts of the record it speaks of,
 * and which commands make them again what they were. So what is decided on the way back obeys the same rules as ever,
 * and nobody downstream meets an event that he does not know.
 */
import type { Folded } from './aggregate.ts';

/** What can be edited by itself: `name`, `stage`, `tags.vip`, `lines.<id>`. A later event about the same part is an edit. */
export type Part = string;

/** A command of the same aggregate. */
export type Call = { readonly command: string; readonly input: object };

/** An event whose parts still stand as it left them can be taken back. */
export type Undoing<S = unknown> = {
  /** Those that it changed. */
  readonly parts: readonly Part[];
  /** What to send for those of its parts that nobody else has spoken of since. */
  readonly back: (parts: ReadonlySet<Part>, now: S) => readonly Call[];
};

/** It began the record: that goes into the archive, as nothing is ever deleted. */
export type Begun = { readonly begun: true };

/** It stays, for this reason. As an edit of something else's it counts for every part. */
export type Never = { readonly never: string };

/**
 * Called with the state before the event. What `back` needs of that state is taken out of it here: a long stream would
 * otherwise be remembered in every state that it ever had.
 */
export type Undo<S, D> = Begun | Never | ((data: D, before: S, record: Folded<S>['record']) => Undoing<S>);

/** A rule whatever its aggregate and event are; found by the event's type. */
export type AnyUndo = Undo<unknown, Readonly<Record<string, unknown>>>;

export const begun: Begun = { begun: true };
export const never = (why: string): Never => ({ never: why });
export const call = (command: string, input: object = {}): Call => ({ command, input });

/** For an event about one part. */
export const part = (name: Part, ...calls: readonly Call[]): Undoing<unknown> => ({
  parts: [name],
  back: () => calls,
});
