/** Work on many items at once, with a bound, and answers in the items' own order. */

/**
 * Takes items as fast as `run` answers: never more than `limit` are taken and not yet yielded, so neither the source
 * nor the answers pile up. When anything fails, what has begun is waited for before the failure goes on.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  run: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const answer = run(item);
      answer.catch(() => undefined); // it is awaited in its turn; until then a failure is not unhandled
      begun.push(answer);
      if (begun.length >= limit) yield await (begun.shift() as Promise<R>); // just pushed to: it is not empty
    }
    while (begun.length > 0) yield await (begun.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(begun);
  }
}
