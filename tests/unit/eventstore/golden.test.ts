/**
 * Every version of every event type that was ever written, as it lies in a log. These files are never changed: an event
 * that is to say more gets a new version, an upcaster and a new file beside the old one. Those with personal fields are
 * `….sealed.json`, under keys that only tests have; what 0.1.0 wrote in the clear stays as it is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { noKeys, withoutMarks } from '../../../bench/support/plain.ts';
import { parseStream } from '../../../src/domain/kernel/aggregate.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { createCodec, type StoredEvent } from '../../../src/eventstore/codec.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { chainHash } from '../../../src/eventstore/hash.ts';
import { goldenNonces, goldenVault } from '../../support/goldenKeys.ts';
import { fieldsOf, type StoredShape } from '../../support/shape.ts';

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
const plainCodec = createCodec(withoutMarks(catalog), noKeys);
const names = readdirSync(FOLDER).sort();
const files = names.map(
  name => [name, Golden.parse(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')))] as const,
);

/** Written by 0.1.0 with personal fields in the clear. */
const IN_THE_CLEAR = [
  'ContactArchived.v1.json',
  'ContactCreated.v1.json',
  'ContactDetailsChanged.v1.json',
  'ContactEmailAdded.v1.json',
  'ContactEmailRemoved.v1.json',
  'ContactEmailVerified.v1.json',
  'UserArchived.v1.json',
  'UserDetailsChanged.v1.json',
  'UserInvited.v1.json',
];

test('every version of every event type has its file, and every file its event type', () => {
  const written = [...catalog.eventTypes.values()].flatMap(({ type, version, personal }) =>
    Array.from({ length: version }, (_, v) => `${type}.v${v + 1}${personal.size > 0 ? '.sealed' : ''}.json`),
  );
  expect(names, 'add tests/golden/events/<Type>.v<version>.json for what is new; keep what is old').toEqual(
    [...written, ...IN_THE_CLEAR].sort(),
  );
});

/** What is personal is said of how a field is written. A mark that comes later changes nothing of what was. */
const unmarked = (shape: unknown): unknown => JSON.parse(JSON.stringify(shape).replaceAll(' (personal)', ''));

describe.each(files)('%s', (name, { stored, decoded, hash, shape }) => {
  const event: StoredEvent = { ...stored, revision: BigInt(stored.revision), isJson: true };
  const eventType = catalog.eventTypes.get(stored.type)!;
  const { eventVersion, prevHash, keys, ...envelope } = stored.metadata as Envelope & typeof stored.metadata;
  const isPlain = keys === undefined;
  const writer = () => (isPlain ? plainCodec : createCodec(catalog, goldenVault(), goldenNonces()));
  const target = { stream: stored.streamId, revision: stored.revision, prevHash, envelope };
  const write = () => writer().encode([{ type: stored.type, data: decoded.data }], target);
  /** A vault in which the keys are that it was written with. */
  const vaultOf = async () => {
    const vault = goldenVault();
    await createCodec(catalog, vault).encode([{ type: stored.type, data: decoded.data }], target);
    return vault;
  };

  test('is named for what it holds', () =>
    expect(name).toBe(`${stored.type}.v${eventVersion}${isPlain ? '' : '.sealed'}.json`));
  test('is read as ever', async () => {
    const [read] = await createCodec(catalog, await vaultOf()).decode([event]);
    expect(read).toMatchObject({ kind: 'event', event: { ...decoded, position: -1n, eventType } });
    expect(read?.kind === 'event' && read.event.data, 'upcast to the latest version, and valid').toEqual(
      eventType.schema.parse(decoded.data),
    );
  });
  test('is hashed as ever', () => expect(chainHash({ ...stored, stream: stored.streamId })).toBe(hash));

  if (eventVersion === eventType.version) {
    test('is written as ever', async () => {
      const [sealed] = await write();
      const { id, type, data, metadata } = sealed!.wire;
      expect(JSON.stringify({ id, type, data, metadata })).toBe(
        JSON.stringify({ id: stored.id, type: stored.type, data: stored.data, metadata: stored.metadata }),
      );
      expect(sealed!.hash).toBe(hash);
    });
    test('has the shape of its declaration', () => {
      const declared: StoredShape = fieldsOf(eventType.schema.shape);
      expect(
        isPlain ? unmarked(declared) : declared,
        'a stored shape changes by a new version and an upcaster only',
      ).toEqual(isPlain ? unmarked(shape) : shape);
    });
    test('shows every field', () =>
      expect(Object.keys(stored.data)).toEqual(Object.keys(eventType.schema.shape)));
  }

  if (eventType.personal.size > 0)
    test('is read without what is personal once the person is erased, whichever way it was written', async () => {
      const vault = await vaultOf();
      await vault.erase(parseStream(stored.streamId)!);
      const [read] = await createCodec(catalog, vault).decode([event]);
      const kept = Object.entries(decoded.data).filter(([field]) => !eventType.personal.has(field));
      const lists = [...eventType.personal].filter(([, { isList }]) => isList).map(([field]) => [field, []]);
      expect(read).toMatchObject({ kind: 'event' });
      expect(read?.kind === 'event' && read.event.data).toEqual(Object.fromEntries([...kept, ...lists]));
    });
});
