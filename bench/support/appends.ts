/**
 * A process that appends with the bare client what mutations have appended before: events of the same types and bytes,
 * to new streams where they began one and otherwise to existing ones at exactly their revision.
 */
import { randomUUID } from 'node:crypto';
import { type EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { serve } from './child.ts';
import { applyLoad, type LoadFigures } from './load.ts';

export type AppendsJob = {
  readonly eventStoreUrl: string;
  readonly connections: number;
  readonly milliseconds: number;
};

type Template = { readonly type: string; readonly data: object; readonly metadata: object };
type Own = { readonly stream: string; revision: bigint };

/** How far back in the log the mutations' events are looked for. */
const LOOK_BACK = 400;
/** As long as a stream of the app's, and in a category that the app doesn't know: its projector passes over it. */
const newStream = () => `opportunitx-default.${randomUUID()}`;

serve(async (job: AppendsJob): Promise<LoadFigures> => {
  const client = connectEventStore(job.eventStoreUrl);
  const templates = await templatesOf(client);
  const senders = Array.from({ length: job.connections }, (_, i) => senderOf(client, templates, i));
  const figures = await applyLoad(senders, job.milliseconds);
  await client.dispose();
  return figures;
});

/** In the order of the log, so that they come as often as in it. */
async function templatesOf(client: EventStoreDBClient): Promise<readonly Template[]> {
  const templates: Template[] = [];
  const read = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: LOOK_BACK });
  for await (const { event } of read)
    if (event?.streamId.startsWith('opportuni') && event.isJson)
      templates.unshift({ type: event.type, data: event.data as object, metadata: event.metadata as object });
  if (templates.length < LOOK_BACK / 2) throw new Error('mutations must be sent before they can be imitated');
  return templates;
}

function senderOf(client: EventStoreDBClient, templates: readonly Template[], begin: number) {
  const mine: Own[] = [];
  let next = begin * 7;
  return async (): Promise<void> => {
    const { type, data, metadata } = templates[next++ % templates.length] ?? fail();
    const event = jsonEvent({ id: randomUUID(), type, data, metadata } as never); // JSON, as it was read
    const known = type === 'OpportunityOpened' ? undefined : mine[next % mine.length];
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
