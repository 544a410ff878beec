/** Links: an event of type `$>` whose data name another, as `revision@stream`. */
import { binaryEvent, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, collect, newStream, useEventStore } from './support.ts';

const store = useEventStore();
const linkTo = (revision: number, stream: string) =>
  binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${stream}`) });

async function linked() {
  const [target, links] = [newStream(), newStream()];
  const notes = [0, 1, 2].map(n => jsonEvent({ type: 'NumberNoted', data: { n } }));
  await store.client.appendToStream(target, notes);
  await store.client.appendToStream(links, [
    linkTo(2, target),
    linkTo(0, target),
    linkTo(7, target),
    linkTo(0, newStream()),
  ]);
  return { target, links, notes };
}

/** A link with these data, as a read that follows links gives it. */
async function resolved(data: string): Promise<ResolvedEvent> {
  const links = newStream();
  await store.client.appendToStream(links, binaryEvent({ type: '$>', data: Buffer.from(data) }));
  const [link] = await all(store.client.readStream(links, { resolveLinkTos: true }));
  if (!link) throw new Error('the link is missing');
  return link;
}

describe('links', () => {
  it('are followed when that is asked for', async () => {
    const { target, links, notes } = await linked();
    const [first, second] = await all(store.client.readStream(links, { resolveLinkTos: true }));
    expect(first?.event).toMatchObject({ streamId: target, revision: 2n, id: notes[2]?.id, data: { n: 2 } });
    expect(first?.link).toMatchObject({ streamId: links, revision: 0n, type: '$>' });
    expect(first?.commitPosition).toBe(first?.link?.position?.commit);
    expect(second?.event?.id).toBe(notes[0]?.id);
  });

  it('to what is not there are given alone', async () => {
    const { links } = await linked();
    const [, , beyond, nowhere] = await all(store.client.readStream(links, { resolveLinkTos: true }));
    for (const resolved of [beyond, nowhere]) {
      expect(resolved?.event).toBeUndefined();
      expect(resolved?.link).toMatchObject({ streamId: links, type: '$>' });
    }
  });

  it('to what its stream’s metadata hide are given alone', async () => {
    const { target, links, notes } = await linked();
    await store.client.setStreamMetadata(target, { maxCount: 1 });
    const [last, hidden] = await all(store.client.readStream(links, { resolveLinkTos: true }));
    expect(last?.event?.id).toBe(notes[2]?.id);
    expect(hidden?.event).toBeUndefined();
    expect(hidden?.link).toMatchObject({ streamId: links, revision: 1n });
  });

  it.each(['-1@', ' +2@', '2 @'])('may write the number as %j: the last event, or 2', async number => {
    const { target, notes } = await linked();
    expect(await resolved(`${number}${target}`)).toMatchObject({
      event: { id: notes[2]?.id },
      link: { type: '$>' },
    });
  });

  it.each(['2', '2@', '-2@stream'])('that lead nowhere, such as %j, are given alone', async data => {
    const { event, link } = await resolved(data);
    expect(event).toBeUndefined();
    expect(link?.type).toBe('$>');
  });

  it.each(['', 'two@stream', '"2@stream"', '9223372036854775808@stream'])(
    'that begin with no number, such as %j, are events like any other',
    async data => {
      const { event, link } = await resolved(data);
      expect(event?.type).toBe('$>');
      expect(link).toBeUndefined();
    },
  );

  it('are events like any other when that is not asked for', async () => {
    const { links } = await linked();
    const [first] = await all(store.client.readStream(links));
    expect(first?.event).toMatchObject({ streamId: links, revision: 0n, type: '$>' });
    expect(first?.link).toBeUndefined();
  });

  it('are followed by subscriptions', async () => {
    const { links, notes } = await linked();
    const [first] = await collect(store.client.subscribeToStream(links, { resolveLinkTos: true }), 1);
    expect(first?.event?.id).toBe(notes[2]?.id);
    expect(first?.link?.revision).toBe(0n);
  });
});
