/** The event feed as a subscription: each event of the log as it comes, from any place on, none left out. */
import type { Delivered } from '../../events/delivery.ts';
import type { EventFeed } from '../../events/feed.ts';
import { area } from '../../schema/area.ts';
import { limited } from '../../schema/subscriptionLimit.ts';

export const eventAppended = area(({ builder }) => {
  const appended = builder.objectRef<Delivered>('AppendedEvent').implement({
    description: 'An event as it was written; what its data hold is listed at /events/schemas.',
    fields: t => ({
      id: t.id({ description: 'A hash of its content.', resolve: ({ event }) => event.id }),
      cursor: t.exposeString('cursor', { description: 'As `after`, the feed goes on behind this event.' }),
      position: t.field({
        type: 'Position',
        description: 'Queries that are given it as `after` show what the event did.',
        resolve: ({ event }) => event.position,
      }),
      type: t.string({ resolve: ({ event }) => event.type }),
      recordType: t.exposeString('recordType'),
      recordId: t.exposeID('recordId'),
      revision: t.int({ resolve: ({ event }) => event.revision }),
      version: t.int({
        nullable: true,
        description: 'Of the type, that the data are of.',
        resolve: each => readable(each)?.eventType.version ?? null,
      }),
      occurredAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: each => readable(each)?.occurredAt ?? null,
      }),
      recordedAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: each => readable(each)?.recordedAt ?? null,
      }),
      actorType: t.string({ nullable: true, resolve: each => readable(each)?.actor.type ?? null }),
      actorId: t.string({ nullable: true, resolve: each => readable(each)?.actor.id ?? null }),
      commandId: t.string({ nullable: true, resolve: each => readable(each)?.commandId ?? null }),
      correlationId: t.string({ nullable: true, resolve: each => readable(each)?.correlationId ?? null }),
      causationId: t.string({ nullable: true, resolve: each => readable(each)?.causationId ?? null }),
      data: t.field({
        type: 'JSON',
        nullable: true,
        resolve: each => readable(each)?.data ?? null,
      }),
      undecodable: t.string({
        nullable: true,
        description:
          'Why this server cannot read it. Then it has no data, and nothing that stands in its envelope.',
        resolve: each => (each.kind === 'undecodable' ? each.reason : null),
      }),
    }),
  });

  builder.subscriptionField('eventAppended', t =>
    t.field({
      type: appended,
      description:
        'Each event of the log once, in its order. It can be ahead of the read models: give its `position` to queries.',
      args: {
        after: t.arg.string({
          description:
            'A cursor, or a position; `start` for all there is. Without it: what comes from now on. Repeat the last cursor to go on after an interruption.',
        }),
        types: t.arg.stringList({ description: 'Only these.' }),
        recordType: t.arg.string({ description: 'Only of this kind of record, such as `opportunity`.' }),
        recordId: t.arg.id({ description: 'Only of this record.' }),
      },
      subscribe: async (_, { after, types, recordType, recordId }, context) => {
        const { feed } = context.services;
        const filter = feed.filter(context.workspaceId, {
          types: types ?? undefined,
          category: recordType ?? undefined,
          recordId: recordId ?? undefined,
        });
        const from = await feed.place(after ?? 'end');
        return limited(context, () => eventsOf(feed, from, filter));
      },
      resolve: event => event,
    }),
  );
});

const readable = (each: Delivered) => (each.kind === 'event' ? each.event : undefined);

/** One at a time, as they are asked for. Ended, it ends whatever it waits for. */
function eventsOf(
  feed: EventFeed,
  from: Parameters<EventFeed['follow']>[0],
  filter: Parameters<EventFeed['follow']>[1],
): AsyncIterableIterator<Delivered> {
  const over = new AbortController();
  const events = flat(feed.follow(from, filter, over.signal));
  return {
    next: () => events.next(),
    return: () => {
      over.abort();
      return events.return(undefined);
    },
    throw: error => {
      over.abort();
      return events.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* flat(steps: ReturnType<EventFeed['follow']>): AsyncGenerator<Delivered, undefined> {
  for await (const { events } of steps) yield* events;
  return undefined;
}
