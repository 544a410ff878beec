/** Whatever is done to a log, `relata verify` finds it where a witness holds a head; and what it can't find without one. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { WitnessedHead } from '../../../src/proof/headFiles.ts';
import { checkedLog } from '../../support/checkedLog.ts';
import type { LogEvent } from '../../support/memoryEventStore.ts';
import { isOrdinary, newSigner, rewritten, signedLog } from '../../support/signedLog.ts';

const log = signedLog();
const heads: WitnessedHead[] = [];
let events: readonly LogEvent[];

/** Three heads, with events after the last one. */
beforeAll(async () => {
  for (let i = 0; i < 3; i++) {
    await log.tell(4);
    heads.push(await log.sign());
  }
  await log.tell(2);
  events = log.events();
});

/** The codes of what is found. */
function verified(
  given: readonly LogEvent[],
  witnessed: readonly WitnessedHead[] = heads,
): readonly string[] {
  return [...new Set(checkedLog(given, { witnessed }).found)].sort();
}

const covered = () => heads.at(-1)!.size;
const replaced = (at: number, event: LogEvent) => events.with(at, event);

test('nothing is found in what was written', () => {
  expect(verified(events)).toEqual([]);
  expect(verified(events, [])).toEqual([]);
});

describe('any stored field of any event, changed', () => {
  const OTHER = [
    'x',
    17,
    null,
    '00000000-0000-8000-8000-000000000000',
    { other: true },
    '2001-01-01T00:00:00.000Z',
  ];

  /** A path to a value below data or metadata, and the same with another value there. */
  function* changes(value: unknown, at: readonly string[] = []): Generator<(other: unknown) => unknown> {
    yield other => other;
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value))
      for (const change of changes(item, [...at, key]))
        yield other =>
          Array.isArray(value) ? value.with(Number(key), change(other)) : { ...value, [key]: change(other) };
    yield other => ({ ...value, oneMore: other });
    for (const key of Object.keys(value))
      yield () => Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  }
  const fieldsOf = (event: LogEvent): readonly ((other: unknown) => LogEvent)[] => [
    ...[...changes(event.data)].map(change => (other: unknown) => ({ ...event, data: change(other) })),
    ...[...changes(event.metadata)].map(change => (other: unknown) => ({
      ...event,
      metadata: change(other),
    })),
    other => ({ ...event, type: `Other${String(other)}` }),
    () => ({ ...event, id: '00000000-0000-8000-8000-000000000000' }),
    () => ({ ...event, revision: event.revision + 1n }),
    () => ({ ...event, streamId: event.streamId.replace('main', 'other') }),
    () => ({ ...event, streamId: 'somebody-elses' }),
    () => ({ ...event, type: `$${event.type}` }),
  ];
  const asStored = (event: LogEvent) =>
    JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? `${value}` : value));

  test('is found against a witnessed head', () =>
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom(...OTHER), (which, field, other) => {
        const at = which % covered();
        const event = events[at]!;
        const fields = fieldsOf(event);
        const changed = fields[field % fields.length]!(other);
        fc.pre(asStored(changed) !== asStored(event));
        const found = verified(replaced(at, changed));
        expect(found).toContain('WITNESS_DIFFERS');
        expect(found).toContain('HEAD_DIFFERS');
      }),
      { numRuns: 400 },
    ));

  test.each(OTHER)('is found where a published key is made %j, or its public key', other => {
    const at = events.findIndex(({ type }) => type === 'SigningKeyPublished');
    const event = events[at]!;
    for (const data of [other, { ...(event.data as object), publicKey: other }]) {
      const found = verified(replaced(at, { ...event, data }));
      expect(found).toEqual(expect.arrayContaining(['HEAD_DIFFERS', 'WITNESS_DIFFERS']));
      expect(found.some(code => code === 'HEAD_KEY' || code === 'HEAD_SIGNATURE')).toBe(true);
    }
  });

  test('is found where no head covers it yet, by its id', () => {
    const at = events.length - 1;
    expect(at).toBeGreaterThan(covered());
    const last = events[at]!;
    expect(verified(replaced(at, { ...last, data: { name: 'Forged' } }))).toEqual(['CONTENT_CHANGED']);
  });

  test('is found with its id made to fit, by the event after it', () => {
    const at = events.findIndex(({ type }) => type === 'AccountRegistered');
    const [forged] = rewritten(
      [{ ...events[at]!, data: { name: 'Forged', lifecycle: 'prospect' } }],
      e => e,
      undefined,
    );
    expect(verified(replaced(at, forged!), [])).toEqual(['CHAIN_BROKEN', 'HEAD_DIFFERS']);
  });

  test('is found with its whole stream made to fit, by the heads', () => {
    const { streamId } = events.find(isOrdinary)!;
    const forge = (event: LogEvent) =>
      event.streamId === streamId ? { ...event, data: { ...(event.data as object), name: 'Forged' } } : event;
    expect(verified(rewritten(events, forge, undefined), [])).toEqual(['HEAD_DIFFERS']);
  });
});

describe('events taken out, put in, moved', () => {
  test('a stream, deleted', () =>
    fc.assert(
      fc.property(fc.nat(covered() - 1), at => {
        const { streamId } = events[at]!;
        const left = events.filter(event => event.streamId !== streamId);
        expect(verified(left)).toEqual(expect.arrayContaining(['WITNESS_DIFFERS']));
      }),
    ));
  test('one event of a stream', () => {
    const without = events.filter(({ type }, at) => !(type === 'AccountRegistered' && at > 0 && at < 5));
    expect(verified(without)).toEqual(['HEAD_DIFFERS', 'REVISION_MISSING', 'WITNESS_DIFFERS']);
  });
  test('two streams, in another order', () => {
    const at = events.findIndex((event, i) => i > 0 && event.streamId !== events[i - 1]!.streamId);
    const moved = events.with(at - 1, events[at]!).with(at, events[at - 1]!);
    expect(verified(moved)).toEqual(['HEAD_DIFFERS', 'WITNESS_DIFFERS']);
  });
  test('an event that Relata never wrote', () => {
    const stranger = {
      ...events[0]!,
      streamId: events[0]!.streamId.replace(/.$/, 'f'),
      id: 'x',
      metadata: {},
    };
    expect(verified([...events.slice(0, 3), stranger, ...events.slice(3)])).toEqual(
      expect.arrayContaining(['CONTENT_CHANGED', 'HEAD_DIFFERS', 'WITNESS_DIFFERS']),
    );
  });
  test('a deletion that the server notes', () => {
    const { streamId } = events[0]!;
    const note = { ...events[0]!, type: '$streamDeleted', data: {} };
    const shortened = { ...events[0]!, streamId: `$$${streamId}`, type: '$metadata', data: { $maxCount: 1 } };
    const harmless = { ...shortened, data: { $acl: {} } };
    expect(verified([...events, note])).toEqual(['STREAM_DELETED']);
    expect(verified([...events, shortened])).toEqual(['STREAM_DELETED']);
    expect(verified([...events, harmless])).toEqual([]);
  });
});

describe('the tail, cut off', () => {
  test('is found up to the last head that a witness holds', () => {
    for (let length = 0; length < covered(); length++)
      expect(verified(events.slice(0, length)), `cut to ${length}`).toContain('LOG_CUT');
  });
  test('is not found without a witness: what is left is whole', () => {
    for (const { size } of heads) expect(verified(events.slice(0, size), [])).toEqual([]);
  });
  test('is not found after the last head, with a witness neither: nobody vouches for those events', () =>
    expect(verified(events.slice(0, covered() + 1))).toEqual([]));
});

describe("the whole log, written anew with the operator's own key", () => {
  const forge = (event: LogEvent) =>
    event.type === 'AccountRegistered' && event.revision === 0n
      ? { ...event, data: { ...(event.data as object), name: 'Forged' } }
      : event;

  test('is found against a witness', () =>
    expect(verified(rewritten(events, forge, log.signer()))).toEqual(['WITNESS_DIFFERS']));
  test('is not found without one', () =>
    expect(verified(rewritten(events, forge, log.signer()), [])).toEqual([]));
  test('is found with another key, against a witness', () => {
    const other = newSigner();
    const withKey = (event: LogEvent) =>
      event.type === 'SigningKeyPublished'
        ? { ...event, data: { keyId: other.keyId, publicKey: other.publicKey } }
        : forge(event);
    expect(verified(rewritten(events, withKey, other))).toEqual(['WITNESS_DIFFERS']);
    expect(verified(rewritten(events, withKey, other), [])).toEqual([]);
  });
  test('is found by one head of the witness alone', () =>
    expect(verified(rewritten(events, forge, log.signer()), heads.slice(0, 1))).toEqual(['WITNESS_DIFFERS']));
});
