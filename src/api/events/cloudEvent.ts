/** The form in which the feed hands events to other programs: CloudEvents 1.0, in JSON. */
import type { Delivered } from './delivery.ts';
import type { JsonSchema } from './jsonSchemas.ts';

/** Names the system: types are unique among those that a consumer meets. */
const PREFIX = 'relata.';
export const UNDECODABLE = `${PREFIX}Undecodable`;

export const cloudType = (type: string): string => PREFIX + type;
export const bareType = (type: string): string =>
  type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type;

export const sourceOf = (workspaceId: string): string => `/workspaces/${workspaceId}`;
export const schemaPath = (type: string, version: number): string =>
  `/events/schemas/${type}?version=${version}`;

export const CLOUD_EVENTS_JSON = 'application/cloudevents+json';
export const CLOUD_EVENTS_BATCH = 'application/cloudevents-batch+json';

/** Attributes and extensions of each event, as the AsyncAPI document and the page about the feed tell them. */
export const ATTRIBUTES: Readonly<Record<string, JsonSchema>> = {
  specversion: { const: '1.0' },
  id: {
    type: 'string',
    description: "The event's id, a hash of its content. With source it says whether two are the same.",
  },
  source: { type: 'string', format: 'uri-reference', description: 'The workspace.' },
  type: { type: 'string', description: `The event type after \`${PREFIX}\`.` },
  subject: { type: 'string', description: 'The record: `opportunity/<id>`.' },
  time: { type: 'string', format: 'date-time', description: 'When it happened in the business.' },
  datacontenttype: { const: 'application/json' },
  dataschema: { type: 'string', format: 'uri', description: 'The JSON Schema of `data`, with its version.' },
  position: {
    type: 'string',
    description: 'The cursor: given as `after`, the feed goes on behind this event.',
  },
  revision: { type: 'integer', description: "The event's number in the record's stream, from 0." },
  recordedat: { type: 'string', format: 'date-time', description: 'When it was written down.' },
  workspaceid: { type: 'string' },
  actor: {
    type: 'string',
    description: 'Who did it: `user/<id>`, `apiKey/<id>`, `process/<id>`, `import/<id>`.',
  },
  commandid: { type: 'string', description: 'The command that it came of.' },
  correlationid: { type: 'string', description: 'What all of one business transaction share.' },
  causationid: { type: 'string', description: 'The command or event that caused the command.' },
};

/** Of `relata.Undecodable` alone, which has no data. */
export const UNDECODABLE_ATTRIBUTES: Readonly<Record<string, JsonSchema>> = {
  undecodabletype: { type: 'string', description: 'The type under which it is stored.' },
  reason: { type: 'string', description: 'Why this server cannot read it.' },
};

export type CloudEvent = Readonly<Record<string, unknown>>;

/** @param origin of this server, as its reader calls it: schemas are named absolutely. */
export function toCloudEvent(delivered: Delivered, origin: string): CloudEvent {
  const { cursor, workspaceId, recordType, recordId, event } = delivered;
  const place = {
    specversion: '1.0',
    id: event.id,
    source: sourceOf(workspaceId),
    type: delivered.kind === 'event' ? cloudType(event.type) : UNDECODABLE,
    subject: `${recordType}/${recordId}`,
    position: cursor,
    revision: event.revision,
    workspaceid: workspaceId,
  };
  if (delivered.kind === 'undecodable')
    return { ...place, undecodabletype: event.type, reason: delivered.reason };
  const { occurredAt, recordedAt, actor, commandId, correlationId, causationId, eventType, data } =
    delivered.event;
  return {
    ...place,
    time: occurredAt,
    datacontenttype: 'application/json',
    dataschema: origin + schemaPath(eventType.type, eventType.version),
    recordedat: recordedAt,
    actor: `${actor.type}/${actor.id}`,
    commandid: commandId,
    correlationid: correlationId,
    causationid: causationId,
    data,
  };
}
