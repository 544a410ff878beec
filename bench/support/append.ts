/** Appending a generated log in bulk, with many calls under way, through the client that everyone uses. */
import { setImmediate as turn } from 'node:timers/promises';
import { type EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import type { Append } from './generate.ts';

/** Calls under way at once: enough that the node has the next group while it commits one. */
const UNDER_WAY = 1_000;
/** Calls that are made before the network gets its turn, so that both sides work at the same time. */
const IN_ONE_GO = 50;

/** @returns how many events were appended, and the position of the last. */
export async function appendAll(client: EventStoreDBClient, log: Iterable<Append>) {
  const pending = new Set<Promise<void>>();
  let events = 0;
  let calls = 0;
  let last = 0n;
  let failure: { readonly error: unknown } | undefined;

  for (const append of log) {
    // Calls for one stream stay in order: all go out on one gRPC call, and each names its exact revision.
    const sent = send(client, append)
      .then(position => {
        if (position > last) last = position;
      })
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => pending.delete(sent));
    pending.add(sent);
    events += append.events.length;
    if (++calls % IN_ONE_GO === 0) await turn();
    while (pending.size >= UNDER_WAY) await turn();
    if (failure) break;
  }
  await Promise.all(pending);
  if (failure) throw failure.error;
  return { events, position: last };
}

async function send(client: EventStoreDBClient, { stream, revision, events }: Append): Promise<bigint> {
  const expectedRevision = revision < 0 ? NO_STREAM : BigInt(revision);
  const result = await client.appendToStream(stream, [...events], { expectedRevision });
  return result.position?.commit ?? 0n;
}
