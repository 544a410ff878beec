/** The subscriptions of one WebSocket connection: so many at a time, and none that outlives it. */
import { apiError } from '../errors.ts';
import type { Context } from './context.ts';

/** What the operations of one connection share. */
export type Connected = { readonly limit: number; readonly open: Set<() => Promise<unknown>> };

export function limited<T>(
  context: Context,
  begin: () => AsyncIterableIterator<T>,
): AsyncIterableIterator<T> {
  const { connected } = context;
  if (!connected) return begin();
  if (connected.open.size >= connected.limit)
    throw apiError(
      `a connection has at most ${connected.limit} subscriptions; complete some, or open another one`,
      { code: 'TOO_COMPLEX', details: { limit: connected.limit } },
    );
  const stream = begin();
  const closed = context.services.observer?.opened('graphql');
  const end = async () => {
    connected.open.delete(end);
    closed?.();
    return (await stream.return?.()) ?? { done: true as const, value: undefined };
  };
  connected.open.add(end);
  const next = async () => {
    try {
      const result = await stream.next();
      if (result.done) await end();
      return result;
    } catch (error) {
      await end(); // nobody else will: what has failed is not ended by who reads it
      throw error;
    }
  };
  return {
    ...stream,
    next,
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Also those that mercurius has lost sight of, such as the first of two with one id. */
export async function endSubscriptions({ connected }: Partial<Context>): Promise<void> {
  await Promise.all([...(connected?.open ?? [])].map(end => end()));
}
