import { END, jsonEvent, type ResolvedEvent, START } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import {
  all,
  collect,
  ids,
  newStream,
  revisions,
  type Subscription,
  signal,
  useEventStore,
} from './support.ts';

const store = useEventStore();
const event = (n = 0) => jsonEvent({ type: 'NumberNoted', data: { n, padding: 'x'.repeat(200) } });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => event(n));
const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, n) => BigInt(from + n));

async function streamOf(count: number): Promise<string> {
  const stream = newStream();
  await store.client.appendToStream(stream, numbers(count));
  return stream;
}

/**
 * Takes events up to the last one. The real server gives up a live reader that is slow, and asks it to subscribe
 * again: as an application does, this goes on after the last event that it has taken.
 */
async function followed(
  subscribe: (after: ResolvedEvent | undefined) => Subscription,
  isLast: (event: ResolvedEvent) => boolean,
): Promise<ResolvedEvent[]> {
  const events: ResolvedEvent[] = [];
  for (;;) {
    try {
      for await (const event of subscribe(events.at(-1))) {
        events.push(event);
        if (isLast(event)) return events;
      }
      throw new Error('the subscription ended');
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('Client resubscription required'))) throw error;
    }
  }
}

describe('a subscription to a stream', () => {
  it('is confirmed, and gives what is there, then what comes', async () => {
    const stream = await streamOf(100);
    const subscription = store.client.subscribeToStream(stream);
    const confirmed = signal(subscription, 'confirmation');
    const events = collect(subscription, 103);
    await confirmed;
    expect(subscription.id).toMatch(/^[0-9a-f-]{36}$/);
    await store.client.appendToStream(stream, numbers(3));
    expect(revisions(await events)).toEqual(upTo(103));
  });

  it('says once that it has caught up, after what was there', async () => {
    const stream = await streamOf(700);
    const subscription = store.client.subscribeToStream(stream);
    let seen = 0;
    let seenBefore = -1;
    let times = 0;
    subscription.on('caughtUp', () => {
      times++;
      seenBefore = seen;
    });
    subscription.on('data', () => seen++);
    await signal(subscription, 'caughtUp');
    await store.client.appendToStream(stream, numbers(5));
    await expect.poll(() => seen).toBe(705);
    expect(times).toBe(1);
    // The client announces when it has taken the message, before it hands over all the events that came before.
    expect(seenBefore).toBeLessThanOrEqual(700);
    await subscription.unsubscribe();
  });

  it('begins after a revision', async () => {
    const stream = await streamOf(50);
    expect(
      revisions(await collect(store.client.subscribeToStream(stream, { fromRevision: 40n }), 9)),
    ).toEqual(upTo(50, 41));
  });

  it('begins after the last revision', async () => {
    const stream = await streamOf(5);
    const subscription = store.client.subscribeToStream(stream, { fromRevision: 4n });
    await signal(subscription, 'caughtUp');
    const events = collect(subscription, 1);
    await store.client.appendToStream(stream, event());
    expect(revisions(await events)).toEqual([5n]);
  });

  it('begins at the end', async () => {
    const stream = await streamOf(5);
    const subscription = store.client.subscribeToStream(stream, { fromRevision: END });
    await signal(subscription, 'caughtUp');
    const events = collect(subscription, 2);
    await store.client.appendToStream(stream, numbers(2));
    expect(revisions(await events)).toEqual([5n, 6n]);
  });

  it('waits for a stream that is not there yet', async () => {
    const stream = newStream();
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 2);
    await signal(subscription, 'confirmation');
    await store.client.appendToStream(stream, numbers(2));
    expect(revisions(await events)).toEqual([0n, 1n]);
  });

  it('gives what comes, though the metadata hide all that is there and more', async () => {
    const stream = await streamOf(2);
    await store.client.setStreamMetadata(stream, { truncateBefore: 9 });
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 2);
    await signal(subscription, 'caughtUp');
    await store.client.appendToStream(stream, numbers(2));
    expect(revisions(await events)).toEqual([2n, 3n]);
  });

  it('gives nothing of other streams', async () => {
    const stream = await streamOf(1);
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 2);
    await streamOf(10);
    await store.client.appendToStream(stream, event());
    for (const { event: given } of await events) expect(given?.streamId).toBe(stream);
  });

  it('neither loses nor doubles an event between history and live', async () => {
    const stream = await streamOf(200);
    const total = 800;
    const writing = (async () => {
      for (let n = 200; n < total; n += 5) await store.client.appendToStream(stream, numbers(5));
    })();
    const subscribers = Array.from({ length: 8 }, () =>
      followed(
        after => store.client.subscribeToStream(stream, { fromRevision: after?.event?.revision ?? START }),
        ({ event }) => event?.revision === BigInt(total - 1),
      ),
    );
    for (const events of await Promise.all(subscribers)) expect(revisions(events)).toEqual(upTo(total));
    await writing;
  });

  it('ends without an error when it is asked to', async () => {
    const stream = await streamOf(1);
    const subscription = store.client.subscribeToStream(stream);
    const events = all(subscription);
    await signal(subscription, 'caughtUp');
    await subscription.unsubscribe();
    expect(revisions(await events)).toEqual([0n]);
    expect(await store.client.appendToStream(stream, event())).toMatchObject({ success: true });
  });
});

describe('a subscription to $all', () => {
  const mine = (stream: string) => (id: { event?: { streamId: string } }) => id.event?.streamId === stream;

  it('gives what is there after a position, then what comes', async () => {
    const stream = newStream();
    const first = await store.client.appendToStream(stream, event());
    const rest = numbers(20);
    await store.client.appendToStream(stream, rest.slice(0, 10));
    const subscription = store.client.subscribeToAll({ fromPosition: first.position ?? START });
    const last = rest.at(-1)?.id;
    const events = collect(subscription, ({ event }) => event?.id === last);
    await signal(subscription, 'confirmation');
    await store.client.appendToStream(stream, rest.slice(10));
    expect(ids((await events).filter(mine(stream)))).toEqual(rest.map(({ id }) => id));
  });

  it('begins at the start', async () => {
    await streamOf(1);
    const [first] = await collect(store.client.subscribeToAll({ fromPosition: START }), 1);
    const [read] = await all(store.client.readAll({ maxCount: 1 }));
    expect(first?.event?.id).toBe(read?.event?.id);
  });

  it('begins at the end', async () => {
    const stream = await streamOf(3);
    const subscription = store.client.subscribeToAll({ fromPosition: END });
    await signal(subscription, 'caughtUp');
    const later = numbers(3);
    const last = later.at(-1)?.id;
    const events = collect(subscription, ({ event }) => event?.id === last);
    await store.client.appendToStream(stream, later);
    expect(ids((await events).filter(mine(stream)))).toEqual(later.map(({ id }) => id));
  });

  it('gives positions that resume it exactly', async () => {
    const stream = newStream();
    const { position } = await store.client.appendToStream(stream, event());
    const later = numbers(30);
    await store.client.appendToStream(stream, later);
    const seen: (string | undefined)[] = [];
    let from = position;
    while (seen.length < later.length) {
      const subscription = store.client.subscribeToAll({ fromPosition: from ?? START });
      const part = await collect(subscription, ({ event }) => event?.streamId === stream);
      const last = part.at(-1);
      from = last?.event?.position;
      seen.push(last?.event?.id);
    }
    expect(seen).toEqual(later.map(({ id }) => id));
  });

  it('neither loses nor doubles an event between history and live, while many write', async () => {
    const writers = Array.from({ length: 4 }, newStream);
    const perWriter = 150;
    const { position } = await store.client.appendToStream(newStream(), event());
    const writing = Promise.all(
      writers.map(async stream => {
        for (let n = 0; n < perWriter; n++) await store.client.appendToStream(stream, event(n));
      }),
    );
    const subscribers = Array.from({ length: 5 }, () => {
      let count = 0;
      return followed(
        after => store.client.subscribeToAll({ fromPosition: after?.event?.position ?? position ?? START }),
        ({ event }) => writers.includes(event?.streamId ?? '') && ++count === writers.length * perWriter,
      );
    });
    for (const events of await Promise.all(subscribers))
      for (const stream of writers) expect(revisions(events.filter(mine(stream)))).toEqual(upTo(perWriter));
    await writing;
  });

  it('waits for a slow reader of history and loses nothing', async () => {
    const stream = newStream();
    const { position } = await store.client.appendToStream(stream, event());
    const sent: string[] = [];
    for (let part = 0; part < 10; part++) {
      const events = numbers(500);
      sent.push(...events.map(({ id }) => id));
      await store.client.appendToStream(stream, events);
    }
    const subscription = store.client.subscribeToAll(
      { fromPosition: position ?? START },
      { highWaterMark: 1 },
    );
    const seen: string[] = [];
    for await (const { event: given } of subscription) {
      if (given?.streamId !== stream) continue;
      seen.push(given.id);
      // Others get their turn here, as often as a reader that writes each event somewhere would let them.
      if (seen.length % 50 === 0) await store.client.appendToStream(newStream(), event());
      if (seen.length === sent.length) break;
    }
    expect(seen).toEqual(sent);
  });

  it('serves many at once', async () => {
    const stream = newStream();
    const { position } = await store.client.appendToStream(newStream(), event());
    const later = numbers(10);
    const last = later.at(-1)?.id;
    const live = new Set<number>();
    const given = Array.from({ length: 50 }, (_, n) =>
      followed(
        after =>
          store.client
            .subscribeToAll({ fromPosition: after?.event?.position ?? position ?? START })
            .once('caughtUp', () => live.add(n)),
        ({ event }) => event?.id === last,
      ),
    );
    await expect.poll(() => live.size, { timeout: 10_000 }).toBe(50);
    await store.client.appendToStream(stream, later);
    for (const events of await Promise.all(given)) {
      expect(ids(events.filter(mine(stream)))).toEqual(later.map(({ id }) => id));
    }
  });
});
