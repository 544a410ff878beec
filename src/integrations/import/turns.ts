/**
 * Rows are on their way side by side, but those that concern one record take turns, in their order in the file: a row
 * finds what those before it did, whichever was faster.
 */
import type { Id } from '../../domain/kernel/values.ts';

export type Turn = {
  /** Resolves when every earlier row that sends commands to the record is through. */
  readonly before: (record: Id) => Promise<void> | undefined;
  readonly end: () => void;
};

/**
 * Begins a row's turn; to be called in the rows' order. A row waits for earlier ones only, so no two wait for each
 * other. It ends when the row is through, whether it waited or not.
 * @param sendsTo records that get its commands
 * @param looksAt records that it only wants to be as they are in its turn
 */
export function createTurns(): (sendsTo: readonly Id[], looksAt: readonly Id[]) => Turn {
  const rows = new Map<Id, Promise<void>>(); // of each record: its last row and all before that
  return (sendsTo, looksAt) => {
    const mine = Promise.withResolvers<void>();
    const earlier = new Map([...sendsTo, ...looksAt].map(record => [record, rows.get(record)]));
    for (const record of new Set(sendsTo)) {
      const through = both(earlier.get(record), mine.promise);
      rows.set(record, through);
      through.then(() => rows.get(record) === through && rows.delete(record));
    }
    return { before: record => earlier.get(record), end: mine.resolve };
  };
}

async function both(first: Promise<void> | undefined, second: Promise<void>): Promise<void> {
  await first;
  await second;
}
