/** Ends what was begun, the last first; all of it, also where one part fails to end. */
export type Closing = {
  readonly add: (end: () => Promise<unknown>) => void;
  /** The second call waits for the first. */
  readonly close: () => Promise<void>;
};

export function createClosing(): Closing {
  const ends: (() => Promise<unknown>)[] = [];
  let closed: Promise<void> | undefined;

  const run = async () => {
    const failures: unknown[] = [];
    for (const end of ends.reverse())
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
  };
  return {
    add: end => ends.push(end),
    close: () => {
      closed ??= run();
      return closed;
    },
  };
}
