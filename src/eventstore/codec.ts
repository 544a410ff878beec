/**
 * Between events as the domain knows them and events as the store holds them. Writing: validate, seal personal
 * fields, put into the envelope, chain. Reading: open the envelope, unseal, upcast to the latest version.
 */
import { jsonEvent } from '@eventstore/db-client';
import { parseStream } from '../domain/kernel/aggregate.ts';
import type { EventType, NewEvent } from '../domain/kernel/events.ts';
import type { Catalog } from './catalog.ts';
import type { Envelope, RecordedEvent } from './envelope.ts';
import { sealEvent } from './hash.ts';
import type { PersonalDataCipher } from './personalData.ts';

/** An event of the client's, from a stream or from `$all`. */
export type StoredEvent = {
  readonly streamId: string;
  readonly id: string;
  readonly revision: bigint;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: unknown;
  readonly metadata: unknown;
  readonly position?: { readonly commit: bigint };
};

export type Decoded =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  /** Not Relata's: another program's stream. */
  | { readonly kind: 'foreign' }
  /** In one of our streams, and yet not to be understood: of an unknown type or version, or damaged. */
  | {
      readonly kind: 'undecodable';
      readonly reason: string;
      readonly stream: string;
      readonly revision: number;
      readonly type: string;
    };

/** An event ready to append, and what must be known of it once it is stored. */
export type SealedEvent = {
  readonly wire: ReturnType<typeof jsonEvent>;
  readonly event: Omit<RecordedEvent, 'position'>;
  /** The `prevHash` of the event after it. */
  readonly hash: string;
};

/** Where and after what a list of events is to be appended. */
export type Target = {
  readonly stream: string;
  /** Revision of the first of them. */
  readonly revision: number;
  readonly prevHash: string;
  readonly envelope: Omit<Envelope, 'eventVersion' | 'prevHash'>;
};

export type Codec = {
  readonly encode: (events: readonly NewEvent[], target: Target) => readonly SealedEvent[];
  readonly decode: (stored: StoredEvent) => Decoded;
};

export function createCodec(catalog: Catalog, cipher: PersonalDataCipher): Codec {
  return {
    encode: (events, target) => {
      const { stream } = target;
      let { revision, prevHash } = target;
      return events.map(({ type, data, causationId }) => {
        const eventType = catalog.eventTypes.get(type);
        if (!eventType) throw new Error(`${type} was never declared`);
        const valid = asStored(eventType.schema.parse(data)); // a decision that breaks its declaration is a bug: it throws
        const envelope = causationId ? { ...target.envelope, $causationId: causationId } : target.envelope;
        const sealed = sealEventOf(eventType, valid, { stream, revision, prevHash, envelope }, cipher);
        prevHash = sealed.hash;
        revision += 1;
        return sealed;
      });
    },
    decode: stored => decode(stored, catalog, cipher),
  };
}

function sealEventOf(
  eventType: EventType,
  valid: Record<string, unknown>,
  target: Target,
  cipher: PersonalDataCipher,
): SealedEvent {
  const { stream, revision, prevHash } = target;
  const { type, version } = eventType;
  const data = cipher.seal(eventType, stream, valid);
  const metadata: Envelope = { eventVersion: version, ...target.envelope, prevHash };
  const { id, hash } = sealEvent({ stream, revision, type, data, metadata });
  return {
    wire: jsonEvent({ id, type, data, metadata }),
    event: { id, revision, ...recorded(eventType, stream, valid, metadata) },
    hash,
  };
}

function decode(stored: StoredEvent, catalog: Catalog, cipher: PersonalDataCipher): Decoded {
  const { streamId: stream, type } = stored;
  const category = parseStream(stream)?.category;
  if (category === undefined || !catalog.aggregates.has(category)) return { kind: 'foreign' };
  const revision = Number(stored.revision); // a stream has far fewer than 2^53 events
  const undecodable = (reason: string): Decoded => ({ kind: 'undecodable', reason, stream, revision, type });

  const eventType = catalog.eventTypes.get(type);
  if (!eventType || eventType.category !== category)
    return undecodable(`unknown event type for a stream of ${category}`);
  if (!stored.isJson || !isObject(stored.data)) return undecodable('its data is no JSON object');
  if (!isEnvelope(stored.metadata)) return undecodable('its metadata is no envelope');
  const metadata = stored.metadata;
  if (metadata.eventVersion > eventType.version)
    return undecodable(
      `version ${metadata.eventVersion} is newer than ${eventType.version}, the newest known here`,
    );
  let data: Record<string, unknown>;
  try {
    data = upcast(eventType, metadata.eventVersion, cipher.open(eventType, stream, stored.data));
  } catch (error) {
    return undecodable(`version ${metadata.eventVersion} can't be brought to ${eventType.version}: ${error}`);
  }
  const position = stored.position?.commit ?? -1n; // servers before 22.6 don't say it in stream reads
  return {
    kind: 'event',
    event: { id: stored.id, revision, position, ...recorded(eventType, stream, data, metadata) },
  };
}

/** What reading the data back will give: without keys that are undefined. */
const asStored = (data: Record<string, unknown>): Record<string, unknown> => JSON.parse(JSON.stringify(data));

/** Data of an older version, brought to the latest one step by step. */
export function upcast(
  eventType: EventType,
  from: number,
  data: Record<string, unknown>,
): Record<string, unknown> {
  let current = data;
  for (let version = from; version < eventType.version; version++)
    current = eventType.upcast[version]?.(current) ?? current;
  return current;
}

function recorded(eventType: EventType, stream: string, data: Record<string, unknown>, metadata: Envelope) {
  const place = parseStream(stream);
  if (!place) throw new Error(`${stream} is no stream of Relata's`);
  return {
    type: eventType.type,
    data,
    stream,
    category: place.category,
    workspaceId: place.workspaceId,
    aggregateId: place.id,
    occurredAt: metadata.occurredAt,
    recordedAt: metadata.recordedAt,
    actor: metadata.actor,
    commandId: metadata.commandId,
    inputHash: metadata.inputHash,
    correlationId: metadata.$correlationId,
    causationId: metadata.$causationId,
    eventType,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEnvelope = (value: unknown): value is Envelope =>
  isObject(value) &&
  Number.isInteger(value.eventVersion) &&
  Number(value.eventVersion) >= 1 &&
  typeof value.commandId === 'string' &&
  typeof value.occurredAt === 'string' &&
  typeof value.recordedAt === 'string' &&
  isObject(value.actor);
