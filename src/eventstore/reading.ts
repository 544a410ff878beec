/**
 * Reading stored events, in two steps: what can be said of each without keys, and with the keys of all of them, what it
 * holds: decrypted, of the latest version, and without what is erased.
 */
import { parseStream } from '../domain/kernel/aggregate.ts';
import type { EventType } from '../domain/kernel/events.ts';
import type { Catalog } from './catalog.ts';
import type { Envelope, RecordedEvent } from './envelope.ts';
import { type At, eraseData, type FieldKeys, openData, wantedFor } from './personal/cipher.ts';
import { vaultErrorOf } from './personal/errors.ts';
import type { Found, KeySource, Subject } from './personal/keySource.ts';

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

/** An event, as far as it can be read without keys. */
export type Reading = {
  readonly at: At;
  readonly stored: StoredEvent;
  readonly data: Record<string, unknown>;
  readonly metadata: Envelope;
  readonly keys: FieldKeys;
};

const NOTHING: Found = { keys: new Map(), erased: new Set() };
const NO_FIELDS: FieldKeys = {};

/** Once for all of them; most events have nothing personal, and ask for nothing. */
export async function keysFor(readings: readonly (Reading | Decoded)[], keys: KeySource): Promise<Found> {
  const keyIds = new Set<string>();
  const subjects: Subject[] = [];
  for (const reading of readings) {
    if (!('at' in reading) || (reading.keys === NO_FIELDS && reading.at.eventType.personal.size === 0))
      continue;
    const wanted = wantedFor(reading.at, reading.data, reading.keys);
    for (const id of wanted.keyIds) keyIds.add(id);
    subjects.push(...wanted.subjects);
  }
  return keyIds.size > 0 || subjects.length > 0 ? keys.forReading({ keyIds, subjects }) : NOTHING;
}

export function read(stored: StoredEvent, catalog: Catalog): Reading | Decoded {
  const { streamId: stream, type } = stored;
  const record = parseStream(stream);
  if (!record || !catalog.aggregates.has(record.category)) return { kind: 'foreign' };
  const undecodable = (reason: string) => undecodableOf(stored, reason);

  const eventType = catalog.eventTypes.get(type);
  if (!eventType || eventType.category !== record.category)
    return undecodable(`unknown event type for a stream of ${record.category}`);
  if (!stored.isJson || !isObject(stored.data)) return undecodable('its data is no JSON object');
  if (!isEnvelope(stored.metadata)) return undecodable('its metadata is no envelope');
  const { data, metadata } = stored;
  if (metadata.eventVersion > eventType.version)
    return undecodable(
      `version ${metadata.eventVersion} is newer than ${eventType.version}, the newest known here`,
    );
  return { at: { stream, record, eventType }, stored, data, metadata, keys: metadata.keys ?? NO_FIELDS };
}

/** @throws `KEY_MISSING`: that is not about this one event. */
export function open({ at, stored, data, metadata, keys }: Reading, found: Found): Decoded {
  const { eventType } = at;
  const from = metadata.eventVersion;
  let opened: Record<string, unknown>;
  let latest: Record<string, unknown>;
  try {
    opened = openData(at, data, keys, found);
  } catch (error) {
    if (vaultErrorOf(error)) throw error;
    return undecodableOf(stored, messageOf(error));
  }
  try {
    latest = eraseData(at, upcast(eventType, from, opened), found);
  } catch (error) {
    const reason = `version ${from} can't be brought to ${eventType.version}: ${messageOf(error)}`;
    return undecodableOf(stored, reason);
  }
  const position = stored.position?.commit ?? -1n; // servers before 22.6 don't say it in stream reads
  const revision = Number(stored.revision); // a stream has far fewer than 2^53 events
  return { kind: 'event', event: { id: stored.id, revision, position, ...recorded(at, latest, metadata) } };
}

const undecodableOf = ({ streamId: stream, revision, type }: StoredEvent, reason: string): Decoded => ({
  kind: 'undecodable',
  reason,
  stream,
  revision: Number(revision),
  type,
});

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

export function recorded(
  { stream, record, eventType }: At,
  data: Record<string, unknown>,
  metadata: Envelope,
) {
  return {
    type: eventType.type,
    data,
    stream,
    category: record.category,
    workspaceId: record.workspaceId,
    aggregateId: record.id,
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
  isObject(value.actor) &&
  (value.keys === undefined || isFieldKeys(value.keys));

const isFieldKeys = (value: unknown): value is FieldKeys =>
  isObject(value) && Object.values(value).every(id => typeof id === 'string' && UUID.test(id));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
