/**
 * A process that appends with the bare client what mutations have appended before: events of the same types and bytes,
 * to new streams where they began one and otherwise to existing ones at exactly their revision. With a pace they go out at
 * fixed times, otherwise one after the other on so many connections.
 */
import { randomUUID } from 'node:crypto';
import { type EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { serve } from './child.ts';
import { applyLoad, applyPace, type LoadFigures } from './load.ts';

export type AppendsJob = {
  readonly eventStoreUrl: string;
  readonly milliseconds: number;
} & ({ readonly connections: number } | { readonly perSecond: number });

type Template = {
  readonly type: string;
  readonly data: object;
  readonly metadata: object;
  readonly begins: boolean;
};
type Own = { readonly stream: string; revision: bigint };

/** How far back in the log the mutations' events are looked for. */
const LOOK_BACK = 400;
/** Streams that sellers write, and those that were written in their place. */
const SOLD = /^(opportuni|account-|activity-)/;
/** As long as a stream of the app's, and in a category that the app doesn't know: its projector passes over it. */
const newStream = () => `opportunitx-default.${randomUUID()}`;

serve(async (job: AppendsJob): Promise<LoadFigures> => {
  const client = connectEventStore(job.eventStoreUrl);
  const templates = await templatesOf(client);
  const senders = (count: number) => Array.from({ length: count }, (_, i) => senderOf(client, templates, i));
  const figures =
    'perSecond' in job
      ? await applyPace(job, inTurn(senders(TURNS)))
      : await applyLoad(senders(job.connections), job.milliseconds);
  await client.dispose();
  return figures;
});

/** At a pace one sender's next append comes when that of each other has begun: long after its own was answered. */
const TURNS = 50;
function inTurn(senders: readonly (() => Promise<void>)[]) {
  let next = 0;
  return async () => senders[next++ % senders.length]?.();
}

/** In the order of the log, so that they come as often as in it. */
async function templatesOf(client: EventStoreDBClient): Promise<readonly Template[]> {
  const templates: Template[] = [];
  const read = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: LOOK_BACK });
  for await (const { event } of read)
    if (event?.isJson && SOLD.test(event.streamId))
      templates.unshift({
        type: event.type,
        data: event.data as object,
        metadata: event.metadata as object,
        begins: event.revision === 0n,
      });
  if (templates.length < LOOK_BACK / 2) throw new Error('mutations must be sent before they can be imitated');
  return templates;
}

function senderOf(client: EventStoreDBClient, templates: readonly Template[], begin: number) {
  const mine: Own[] = [];
  let next = begin * 7;
  return async (): Promise<void> => {
    const { begins, type, data, metadata } = templates[next++ % templates.length] ?? fail();
    const event = jsonEvent({ id: randomUUID(), type, data, metadata } as never); // JSON, as it was read
    const known = begins ? undefined : mine[next % mine.length];
    const own = known ?? { stream: newStream(), revision: -1n };
    const expectedRevision = own.revision < 0n ? NO_STREAM : own.revision;
    const result = await client.appendToStream(own.stream, event, { expectedRevision });
    own.revision = result.nextExpectedRevision;
    if (!known) mine.push(own);
  };
}

const fail = (): never => {
  throw new Error('no templates');
};
