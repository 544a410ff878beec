/** How many subscriptions one connection may have open at a time. */
import { apiError } from '../errors.ts';
import type { Context } from './context.ts';

/** What the operations of one WebSocket connection share. */
export type Connected = { readonly limit: number; open: number };

export function limited<T>(context: Context, open: () => AsyncIterableIterator<T>): AsyncIterableIterator<T> {
  const { connected } = context;
  if (!connected) return open();
  if (connected.open >= connected.limit)
    throw apiError(
      `a connection has at most ${connected.limit} subscriptions; complete some, or open another one`,
      {
        code: 'TOO_COMPLEX',
      },
    );
  const stream = open();
  connected.open += 1;
  let counted = true;
  return {
    ...stream,
    return: async value => {
      if (counted) connected.open -= 1;
      counted = false;
      return (await stream.return?.(value)) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
