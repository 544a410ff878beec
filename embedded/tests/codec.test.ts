/** Our bytes against the classes that protoc generated for the client. */
import { randomUUID } from 'node:crypto';
import type * as Shared from '@eventstore/db-client/generated/shared_pb.js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedEvent, checkedOptions, timeLeft } from '../src/proposals.ts';
import {
  createdField,
  encodeRecord,
  encodeTombstone,
  fieldsOf,
  idOf,
  isTombstone,
  kindFields,
  recordedPart,
  streamField,
} from '../src/record.ts';
import { present, readAppend, readBatch, readReadRequest } from '../src/requests.ts';
import {
  appended,
  batchAppended,
  batchWrongRevision,
  checkpoint,
  streamNotFound,
  wrongRevision,
} from '../src/responses.ts';
import { isRefusal } from '../src/status.ts';
import {
  cursor,
  isMalformed,
  number,
  putVarint,
  readLength,
  readTag,
  readUint64,
  skipField,
  varintSize,
} from '../src/wire.ts';

// The generated modules are CommonJS: their classes are on the default import, their types beside it.
const { AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } =
  streamsPb as typeof Streams;
const { Empty, StreamIdentifier, UUID, WrongExpectedVersion } = sharedPb as typeof Shared;

const unframed = (frame: Buffer): Uint8Array => {
  expect(frame[0]).toBe(0);
  expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
  return frame.subarray(5);
};
const uuid = (text: string) => new UUID().setString(text);
const identifier = (name: string) => new StreamIdentifier().setStreamName(Buffer.from(name));

describe('varints', () => {
  it('come back as they went, at the size that was told', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), value => {
        const bytes = Buffer.alloc(varintSize(value));
        expect(putVarint(bytes, 0, value)).toBe(bytes.length);
        expect(readUint64(cursor(bytes))).toBe(BigInt(value));
        if (value <= 0xffffffff) expect(readLength(cursor(bytes))).toBe(value);
      }),
    );
  });

  it('of 64 bits come back as they went', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), value => {
        const c = cursor(number(3, value));
        expect(readTag(c)).toBe(24);
        expect(readUint64(c)).toBe(value);
      }),
    );
  });
});

describe('a record', () => {
  const arbitrary = fc.record({
    id: fc.uuid(),
    type: fc.string({ unit: 'grapheme', minLength: 1 }),
    json: fc.boolean(),
    data: fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes)),
    metadata: fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes)),
    stream: fc.string({ unit: 'grapheme', minLength: 1 }),
    revision: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    position: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    now: fc.nat(),
  });

  it('is the ReadResp that a client reads', () => {
    fc.assert(
      fc.property(arbitrary, ({ stream, revision, position, now, ...event }) => {
        const record = encodeRecord(
          event,
          revision,
          position,
          streamField(Buffer.from(stream)),
          kindFields(event.type, event.json),
          createdField(now),
        );
        const read = ReadResp.deserializeBinary(unframed(record)).getEvent();
        const recorded = read?.getEvent();
        expect(read?.getCommitPosition()).toBe(String(position));
        expect(recorded?.getId()?.getString()).toBe(event.id);
        expect(Buffer.from(recorded?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe(
          stream,
        );
        expect(recorded?.getStreamRevision()).toBe(String(revision));
        expect(recorded?.getCommitPosition()).toBe(String(position));
        expect(recorded?.getPreparePosition()).toBe(String(position));
        expect(recorded?.getMetadataMap().get('type')).toBe(event.type);
        expect(recorded?.getMetadataMap().get('created')).toBe(String(now * 10_000));
        expect(recorded?.getMetadataMap().get('content-type')).toBe(
          event.json ? 'application/json' : 'application/octet-stream',
        );
        expect(Buffer.compare(recorded?.getData_asU8() ?? Buffer.of(1), event.data)).toBe(0);
        expect(Buffer.compare(recorded?.getCustomMetadata_asU8() ?? Buffer.of(1), event.metadata)).toBe(0);
        expect(idOf(record)).toBe(event.id);
        const { type, json, data, metadata } = event;
        expect(fieldsOf(record)).toEqual({
          position,
          revision: BigInt(revision),
          created: now,
          type,
          json,
          data,
          metadata,
        });
        expect(isTombstone(record)).toBe(false);
        const Recorded = ReadResp.ReadEvent.RecordedEvent;
        expect(Recorded.deserializeBinary(recordedPart(record)).getStreamRevision()).toBe(String(revision));
      }),
    );
  });
});

describe('a tombstone', () => {
  it('is the ReadResp of an event without data at the largest revision', () => {
    const id = randomUUID();
    const record = encodeTombstone(
      id,
      7,
      streamField(Buffer.from('order-1')),
      kindFields('$streamDeleted', false),
      createdField(5),
    );
    const read = ReadResp.deserializeBinary(unframed(record)).getEvent();
    const recorded = read?.getEvent();
    expect(read?.getCommitPosition()).toBe('7');
    expect(recorded?.getStreamRevision()).toBe('9223372036854775807');
    expect(recorded?.getCommitPosition()).toBe('7');
    expect(recorded?.getMetadataMap().get('type')).toBe('$streamDeleted');
    expect(recorded?.getData_asU8()).toHaveLength(0);
    expect(idOf(record)).toBe(id);
    expect(isTombstone(record)).toBe(true);
  });
});

describe('requests', () => {
  const expectedIn = (bytes: Buffer) => checkedOptions(present(readAppend(bytes).options)).expected;
  const options = () => new BatchAppendReq.Options().setStreamIdentifier(identifier('order-1'));

  it('to append in a batch are read', () => {
    const correlation = uuid(randomUUID());
    const proposed = new BatchAppendReq.ProposedMessage()
      .setId(uuid('ABCDEF01-2345-6789-ABCD-EF0123456789'))
      .setData(Buffer.from('{}'))
      .setCustomMetadata(Buffer.from('m'));
    proposed.getMetadataMap().set('type', 'Placed').set('content-type', 'application/json');
    const request = new BatchAppendReq()
      .setCorrelationId(correlation)
      .setOptions(options().setStreamPosition('7'))
      .setProposedMessagesList([proposed])
      .setIsFinal(true);
    const read = readBatch(Buffer.from(request.serializeBinary()));
    expect(Buffer.compare(read.correlation, correlation.serializeBinary())).toBe(0);
    expect(read.isFinal).toBe(true);
    const target = read.options && checkedOptions(read.options);
    expect(target).toEqual({ stream: Buffer.from('order-1'), expected: 7n });
    expect(read.options && timeLeft(read.options)).toBe(Number.POSITIVE_INFINITY);
    expect(read.events).toHaveLength(1);
    const [event] = read.events.map(checkedEvent);
    expect(event).toEqual({
      id: 'abcdef01-2345-6789-abcd-ef0123456789',
      type: 'Placed',
      json: true,
      data: Buffer.from('{}'),
      metadata: Buffer.from('m'),
    });
  });

  it('to append one by one are read, with ids of other spellings too', () => {
    const id = uuid('ABCDEF01234567898BCDEF0123456789');
    const proposed = new AppendReq.ProposedMessage().setId(id);
    proposed.getMetadataMap().set('type', 'T').set('content-type', 'application/octet-stream');
    const message = new AppendReq().setProposedMessage(proposed);
    const { event } = readAppend(Buffer.from(message.serializeBinary()));
    expect(event && checkedEvent(event)).toMatchObject({
      id: 'abcdef01-2345-6789-8bcd-ef0123456789',
      json: false,
    });
    const head = new AppendReq().setOptions(
      new AppendReq.Options().setStreamIdentifier(identifier('s')).setStreamExists(new Empty()),
    );
    expect(expectedIn(Buffer.from(head.serializeBinary()))).toBe('streamExists');
  });

  it('to read are read', () => {
    const filter = new ReadReq.Options.FilterOptions()
      .setEventType(new ReadReq.Options.FilterOptions.Expression().setPrefixList(['a', 'b']))
      .setMax(10)
      .setCheckpointintervalmultiplier(3);
    const position = new ReadReq.Options.Position().setCommitPosition('12').setPreparePosition('12');
    const asked = new ReadReq.Options()
      .setAll(new ReadReq.Options.AllOptions().setPosition(position))
      .setSubscription(new ReadReq.Options.SubscriptionOptions())
      .setResolveLinks(true)
      .setFilter(filter)
      .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()));
    expect(readReadRequest(Buffer.from(new ReadReq().setOptions(asked).serializeBinary()))).toEqual({
      stream: undefined,
      from: 12,
      backwards: false,
      resolveLinks: true,
      count: undefined,
      filter: { on: 'type', regex: '', prefixes: ['a', 'b'], checkpointInterval: 30 },
    });
    const stream = new ReadReq.Options.StreamOptions()
      .setStreamIdentifier(identifier('order-1'))
      .setEnd(new Empty());
    const backwards = new ReadReq.Options()
      .setStream(stream)
      .setReadDirection(1)
      .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()))
      .setCount('18446744073709551615');
    expect(readReadRequest(Buffer.from(new ReadReq().setOptions(backwards).serializeBinary()))).toMatchObject(
      {
        from: 'end',
        backwards: true,
        count: Number.MAX_SAFE_INTEGER,
      },
    );
  });

  it('of any bytes are read or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        for (const read of [readAppend, readBatch, readReadRequest]) {
          try {
            read(Buffer.from(bytes));
          } catch (error) {
            expect(isMalformed(error) || isRefusal(error)).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('may have fields that are not known yet', () => {
    const known = new AppendReq()
      .setOptions(new AppendReq.Options().setStreamIdentifier(identifier('s')).setAny(new Empty()))
      .serializeBinary();
    const unknown = Buffer.from([
      0xa0, 0x06, 0x05, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xa5, 0x06, 1, 2, 3, 4, 0xa2, 0x06, 1, 9,
    ]);
    expect(expectedIn(Buffer.concat([unknown, known, unknown]))).toBe('any');
    const c = cursor(unknown);
    while (c.at < c.end) skipField(c, readTag(c));
    expect(c.at).toBe(unknown.length);
  });
});

describe('responses', () => {
  const to = { correlation: Buffer.from(uuid('a').serializeBinary()), stream: Buffer.from('order-1') };

  it('to an append are what a client reads', () => {
    const success = AppendResp.deserializeBinary(unframed(appended(0, 9))).getSuccess();
    expect(success?.hasCurrentRevision()).toBe(true);
    expect(success?.getCurrentRevision()).toBe('0');
    expect(success?.getPosition()?.getCommitPosition()).toBe('9');
    const empty = AppendResp.deserializeBinary(unframed(appended(-1, undefined))).getSuccess();
    expect([empty?.hasNoStream(), empty?.hasNoPosition()]).toEqual([true, true]);
    const refused = AppendResp.deserializeBinary(
      unframed(wrongRevision('noStream', 4)),
    ).getWrongExpectedVersion();
    expect(refused?.hasExpectedNoStream()).toBe(true);
    expect(refused?.getCurrentRevision()).toBe('4');
  });

  it('in a batch are what a client reads', () => {
    const answer = BatchAppendResp.deserializeBinary(unframed(batchAppended(to, 3, 9)));
    expect(answer.getCorrelationId()?.getString()).toBe('a');
    expect(answer.getSuccess()?.getCurrentRevision()).toBe('3');
    expect(answer.getSuccess()?.getPosition()?.getPreparePosition()).toBe('9');
    expect(Buffer.from(answer.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe('order-1');
    const refused = BatchAppendResp.deserializeBinary(unframed(batchWrongRevision(to, 5n, -1))).getError();
    const detail = refused
      ?.getDetails()
      ?.unpack(WrongExpectedVersion.deserializeBinary, 'event_store.client.WrongExpectedVersion');
    expect(detail?.getExpectedStreamPosition()).toBe('5');
    expect(detail?.hasCurrentNoStream()).toBe(true);
  });

  it('to a read are what a client reads', () => {
    expect(
      ReadResp.deserializeBinary(unframed(checkpoint(5)))
        .getCheckpoint()
        ?.getCommitPosition(),
    ).toBe('5');
    const missing = ReadResp.deserializeBinary(
      unframed(streamNotFound(Buffer.from('s'))),
    ).getStreamNotFound();
    expect(Buffer.from(missing?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe('s');
  });
});
