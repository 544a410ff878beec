/**
 * The streams of categories, `$ce-order` for `order-1`, by
 * https://docs.kurrent.io/server/v23.10/projections#by-category. A real server needs `--run-projections=System
 * --start-standard-projections`, with the default separator; it links a little later than it writes, so tests wait.
 */
import { randomUUID } from 'node:crypto';
import { BACKWARDS, binaryEvent, END, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, collect, paths, revisions, signal, useEventStore } from './support.ts';

const store = useEventStore();
const newCategory = (): string => `order${randomUUID().replaceAll('-', '')}`;
const event = (n = 0, metadata?: object) =>
  jsonEvent({ type: 'NumberNoted', data: { n }, ...(metadata && { metadata: { ...metadata } }) });
const data = ({ event }: ResolvedEvent) => Buffer.from(event?.data as Uint8Array).toString();

/** The links of a category, once there are that many. */
async function links(category: string, count: number, resolveLinkTos = false): Promise<ResolvedEvent[]> {
  let found: ResolvedEvent[] = [];
  const read = async () => {
    found = await all(store.client.readStream(`$ce-${category}`, { resolveLinkTos })).catch(() => []);
    return found.length;
  };
  await expect.poll(read, { timeout: 10_000 }).toBe(count);
  return found;
}

describe('a category', () => {
  it.each(paths)(
    'has a link to each event of its streams, in their order, over $path',
    async ({ options }) => {
      const category = newCategory();
      await store.client.appendToStream(`${category}-1`, [event(1), event(2)], options);
      await store.client.appendToStream(`${category}-2-of-two`, event(3), options);
      await store.client.appendToStream(`${category}-1`, event(4), options);
      const found = await links(category, 4);
      expect(found.map(data)).toEqual([
        `0@${category}-1`,
        `1@${category}-1`,
        `0@${category}-2-of-two`,
        `2@${category}-1`,
      ]);
      expect(revisions(found)).toEqual([0n, 1n, 2n, 3n]);
      for (const { event, link } of found) {
        expect(event).toMatchObject({ streamId: `$ce-${category}`, type: '$>', isJson: false });
        expect(link).toBeUndefined();
      }
    },
  );

  it('gives the events themselves to who follows links', async () => {
    const category = newCategory();
    const events = [1, 2, 3].map(n => event(n));
    await store.client.appendToStream(`${category}-a`, events);
    const found = await links(category, 3, true);
    expect(found.map(one => one.event?.id)).toEqual(events.map(({ id }) => id));
    expect(found.map(one => one.event?.streamId)).toEqual(events.map(() => `${category}-a`));
    expect(found.map(one => one.link?.revision)).toEqual([0n, 1n, 2n]);
    const backwards = store.client.readStream(`$ce-${category}`, {
      direction: BACKWARDS,
      fromRevision: END,
      maxCount: 1,
      resolveLinkTos: true,
    });
    expect((await all(backwards))[0]?.event?.data).toEqual({ n: 3 });
  });

  it('is subscribed to like any stream', async () => {
    const category = newCategory();
    await store.client.appendToStream(`${category}-1`, event(1));
    await links(category, 1);
    const subscription = store.client.subscribeToStream(`$ce-${category}`, { resolveLinkTos: true });
    const events = collect(subscription, 4);
    await signal(subscription, 'caughtUp');
    for (const n of [2, 3, 4]) await store.client.appendToStream(`${category}-${n}`, event(n));
    expect((await events).map(one => one.event?.data)).toEqual([1, 2, 3, 4].map(n => ({ n })));
  });

  it('says in a link what it is from', async () => {
    const category = newCategory();
    const correlated = event(1, { $correlationId: 'a-correlation', own: true });
    const plain = event(2);
    await store.client.appendToStream(`${category}-1`, [correlated, plain]);
    const found = await links(category, 2);
    const about = found.map(one => one.event?.metadata);
    const [first] = await all(store.client.readStream(`${category}-1`));
    expect(about[0]).toMatchObject({
      $c: Number(first?.event?.position?.commit),
      $p: Number(first?.event?.position?.prepare),
      $o: `${category}-1`,
      $causedBy: correlated.id,
      $correlationId: 'a-correlation',
    });
    expect(about[1]).toMatchObject({ $o: `${category}-1`, $causedBy: plain.id });
    expect(about[1]).not.toHaveProperty('$correlationId');
  });

  it('has its links in $all, behind what they link to', async () => {
    const category = newCategory();
    const { position } = await store.client.appendToStream(`${category}-1`, [event(1), event(2)]);
    const [, second] = await links(category, 2);
    expect(second?.commitPosition).toBeGreaterThan(position?.commit ?? 0n);
    const [there] = await all(
      store.client.readAll({
        fromPosition: second?.event?.position ?? END,
        maxCount: 1,
        resolveLinkTos: true,
      }),
    );
    expect(there?.link).toMatchObject({ streamId: `$ce-${category}`, revision: 1n, type: '$>' });
    expect(there?.event).toMatchObject({ streamId: `${category}-1`, revision: 1n, data: { n: 2 } });
  });

  it('links to what a link links to', async () => {
    const [category, other] = [newCategory(), newCategory()];
    await store.client.appendToStream(`${other}-1`, event(1));
    const link = binaryEvent({ type: '$>', data: Buffer.from(`0@${other}-1`) });
    await store.client.appendToStream(`${category}-links`, link);
    const [found] = await links(category, 1);
    expect(found && data(found)).toBe(`0@${other}-1`);
    const [resolved] = await links(category, 1, true);
    expect(resolved?.event?.streamId).toBe(`${other}-1`);
  });

  it('is everything before the first “-”, and not for system streams', async () => {
    const category = newCategory();
    for (const stream of [`${category}-x-y`, category, `-${category}`, `$${category}-1`])
      await store.client.appendToStream(stream, event());
    await store.client.appendToStream(`${category}-last`, event());
    const found = await links(category, 2);
    expect(found.map(data)).toEqual([`0@${category}-x-y`, `0@${category}-last`]);
    for (const none of [`$ce-`, `$ce-$${category}`])
      await expect(all(store.client.readStream(none))).rejects.toMatchObject({ type: 'stream-not-found' });
  });
});

describe('the category of a deleted stream', () => {
  it('keeps its links, which lead nowhere then, and links to the deletion', async () => {
    const category = newCategory();
    await store.client.appendToStream(`${category}-1`, [event(1), event(2)]);
    await store.client.deleteStream(`${category}-1`);
    const found = await links(category, 3);
    expect(found.map(data)).toEqual([`0@${category}-1`, `1@${category}-1`, `0@$$${category}-1`]);
    expect(found[2]?.event?.metadata).toMatchObject({ $o: `${category}-1`, $deleted: -1 });
    const resolved = await links(category, 3, true);
    expect(resolved.map(one => one.event?.type)).toEqual([undefined, undefined, '$metadata']);
  });

  it('goes on with it', async () => {
    const category = newCategory();
    await store.client.appendToStream(`${category}-1`, event(1));
    await store.client.deleteStream(`${category}-1`);
    await store.client.appendToStream(`${category}-1`, event(2));
    const found = await links(category, 3, true);
    expect(found[2]?.event).toMatchObject({ revision: 1n, data: { n: 2 } });
  });

  it('links to the tombstone, where no link leads any more', async () => {
    const category = newCategory();
    await store.client.appendToStream(`${category}-1`, event(1));
    await store.client.tombstoneStream(`${category}-1`);
    const found = await links(category, 2);
    expect(found.map(data)).toEqual([`0@${category}-1`, `9223372036854775807@${category}-1`]);
    expect(found[1]?.event?.metadata).toMatchObject({ $o: `${category}-1`, $deleted: -1 });
    const resolved = await links(category, 2, true);
    expect(resolved.map(one => one.event)).toEqual([undefined, undefined]);
  });
});
