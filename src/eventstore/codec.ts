/**
 * Between events as the domain knows them and events as the store holds them. Writing: validate, seal personal
 * fields, put into the envelope, chain. Reading: open the envelope, unseal, upcast to the latest version.
 * Persons' keys are asked for once for all the events that are handed over together, and kept by nobody.
 */
import { jsonEvent } from '@eventstore/db-client';
import { parseStream } from '../domain/kernel/aggregate.ts';
import type { NewEvent } from '../domain/kernel/events.ts';
import type { Catalog } from './catalog.ts';
import type { Envelope, RecordedEvent } from './envelope.ts';
import { sealEvent } from './hash.ts';
import { type At, sealData, subjectsIn } from './personal/cipher.ts';
import type { Key, KeySource, Subject } from './personal/keySource.ts';
import { type Nonces, randomNonces } from './personal/seal.ts';
import { type Decoded, keysFor, open, read, recorded, type StoredEvent } from './reading.ts';

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

export type { Decoded, StoredEvent };

export type Codec = {
  /** @throws a `VaultError` when a key can't be had. */
  readonly encode: (events: readonly NewEvent[], target: Target) => Promise<readonly SealedEvent[]>;
  /** Each of the events, in their order. @throws a `VaultError` when keys can't be had, or one is missing. */
  readonly decode: (stored: readonly StoredEvent[]) => Promise<readonly Decoded[]>;
};

export function createCodec(catalog: Catalog, keys: KeySource, nonces: Nonces = randomNonces): Codec {
  return {
    encode: async (events, target) => {
      const record = recordIn(target.stream);
      const valid = events.map(({ type, data, causationId }) => {
        const eventType = catalog.eventTypes.get(type);
        if (!eventType) throw new Error(`${type} was never declared`);
        const at = { stream: target.stream, record, eventType };
        const envelope = causationId ? { ...target.envelope, $causationId: causationId } : target.envelope;
        return { at, data: asStored(eventType.schema.parse(data)), envelope }; // a decision that breaks its declaration is a bug: it throws
      });
      const subjects = valid.flatMap(({ at, data }) => subjectsIn(at, data));
      const found = subjects.length > 0 ? await keys.forWriting(subjects) : NO_KEYS;
      const { stream } = target;
      let { revision, prevHash } = target;
      return valid.map(({ at, data, envelope }) => {
        const sealed = sealEventOf(at, data, { stream, revision, prevHash, envelope }, found, nonces);
        prevHash = sealed.hash;
        revision += 1;
        return sealed;
      });
    },
    decode: async stored => {
      const readings = stored.map(event => read(event, catalog));
      const found = await keysFor(readings, keys);
      return readings.map(reading => ('at' in reading ? open(reading, found) : reading));
    },
  };
}

const NO_KEYS: ReadonlyMap<string, Key> = new Map();

function sealEventOf(
  at: At,
  valid: Record<string, unknown>,
  target: Target,
  found: ReadonlyMap<string, Key>,
  nonces: Nonces,
): SealedEvent {
  const { stream, eventType } = at;
  const { revision, prevHash } = target;
  const { type, version } = eventType;
  const { data, keys } = sealData(at, valid, found, nonces);
  const metadata: Envelope = {
    eventVersion: version,
    ...target.envelope,
    ...(keys && { keys }),
    prevHash,
  };
  const { id, hash } = sealEvent({ stream, revision, type, data, metadata });
  return {
    wire: jsonEvent({ id, type, data, metadata }),
    event: { id, revision, ...recorded(at, valid, metadata) },
    hash,
  };
}

/** What reading the data back will give: without keys that are undefined. */
const asStored = (data: Record<string, unknown>): Record<string, unknown> => JSON.parse(JSON.stringify(data));

function recordIn(stream: string): Subject {
  const record = parseStream(stream);
  if (!record) throw new Error(`${stream} is no stream of Relata's`);
  return record;
}
