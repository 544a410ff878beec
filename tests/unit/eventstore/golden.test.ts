/**
 * Every version of every event type that was ever written, as it lies in a log. These files are never changed: an event
 * that is to say more gets a new version, an upcaster and a new file beside the old one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { createCodec, type StoredEvent } from '../../../src/eventstore/codec.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { chainHash } from '../../../src/eventstore/hash.ts';
import { plainPersonalData } from '../../../src/eventstore/personalData.ts';
import { fieldsOf } from '../../support/shape.ts';

const FOLDER = new URL('../../golden/events/', import.meta.url);

/** What a file holds; `shape` is that of its own version, and `hash` the `prevHash` of the event after it. */
const Golden = z.strictObject({
  shape: z.record(z.string(), z.unknown()),
  stored: z.strictObject({
    streamId: z.string(),
    revision: z.int(),
    id: z.uuid(),
    type: z.string(),
    data: z.record(z.string(), z.unknown()),
    metadata: z.looseObject({ eventVersion: z.int() }),
  }),
  decoded: z.looseObject({ data: z.record(z.string(), z.unknown()) }),
  hash: z.string(),
});

const catalog = await loadCatalog();
const codec = createCodec(catalog, plainPersonalData);
const names = readdirSync(FOLDER).sort();
const files = names.map(
  name => [name, Golden.parse(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')))] as const,
);

test('every version of every event type has its file, and every file its event type', () => {
  const written = [...catalog.eventTypes.values()].flatMap(({ type, version }) =>
    Array.from({ length: version }, (_, v) => `${type}.v${v + 1}.json`),
  );
  expect(names, 'add tests/golden/events/<Type>.v<version>.json for what is new; keep what is old').toEqual(
    written.sort(),
  );
});

describe.each(files)('%s', (name, { stored, decoded, hash, shape }) => {
  const event: StoredEvent = { ...stored, revision: BigInt(stored.revision), isJson: true };
  const eventType = catalog.eventTypes.get(stored.type)!;
  const { eventVersion, prevHash, ...envelope } = stored.metadata as Envelope & typeof stored.metadata;

  test('is named for what it holds', () => expect(name).toBe(`${stored.type}.v${eventVersion}.json`));
  test('is read as ever', () => {
    const read = codec.decode(event);
    expect(read).toMatchObject({ kind: 'event', event: { ...decoded, position: -1n, eventType } });
    expect(read.kind === 'event' && read.event.data, 'upcast to the latest version, and valid').toEqual(
      eventType.schema.parse(decoded.data),
    );
  });
  test('is hashed as ever', () => expect(chainHash({ ...stored, stream: stored.streamId })).toBe(hash));

  if (eventVersion === eventType.version) {
    test('is written as ever', () => {
      const target = { stream: stored.streamId, revision: stored.revision, prevHash, envelope };
      const [sealed] = codec.encode([{ type: stored.type, data: decoded.data }], target);
      const { id, type, data, metadata } = sealed!.wire;
      expect(JSON.stringify({ id, type, data, metadata })).toBe(
        JSON.stringify({ id: stored.id, type: stored.type, data: stored.data, metadata: stored.metadata }),
      );
      expect(sealed!.hash).toBe(hash);
    });
    test('has the shape of its declaration', () =>
      expect(
        fieldsOf(eventType.schema.shape),
        'a stored shape changes by a new version and an upcaster only',
      ).toEqual(shape));
    test('shows every field', () =>
      expect(Object.keys(stored.data)).toEqual(Object.keys(eventType.schema.shape)));
  }
});
