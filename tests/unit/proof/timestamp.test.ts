/** RFC 3161, against an authority of the test's own that builds its answers by the RFC's ASN.1. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as asn1 from 'asn1js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTimestamp, requestTimestamp } from '../../../src/proof/timestamp.ts';

const BYTES = Buffer.from('{"size":7}\n');
const AT = new Date('2026-03-31T12:00:00.000Z');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

type Answer = { readonly http?: number; readonly body: Uint8Array };
let server: Server;
let url: string;
let answer: (request: Buffer) => Answer;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
    expect(request.headers['content-type']).toBe('application/timestamp-query');
    const { http = 200, body } = answer(Buffer.concat(chunks));
    response.writeHead(http, { 'content-type': 'application/timestamp-reply' }).end(body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => new Promise(resolve => server.close(resolve)));

const sequence = (...value: asn1.BaseBlock[]) => new asn1.Sequence({ value });
const oid = (value: string) => new asn1.ObjectIdentifier({ value });
const tagged = (...value: asn1.BaseBlock[]) =>
  new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value });

/** TimeStampResp with a TSTInfo of the imprint. */
function stampOf(imprint: asn1.BaseBlock, status = 0): Uint8Array {
  const info = sequence(
    new asn1.Integer({ value: 1 }),
    oid('1.2.3.4'),
    imprint,
    new asn1.Integer({ value: 42 }),
    new asn1.GeneralizedTime({ valueDate: AT }),
  );
  const content = sequence(
    oid('1.2.840.113549.1.9.16.1.4'),
    tagged(new asn1.OctetString({ valueHex: info.toBER() })),
  );
  const signed = sequence(new asn1.Integer({ value: 3 }), new asn1.Set(), content);
  const token = sequence(oid('1.2.840.113549.1.7.2'), tagged(signed));
  return new Uint8Array(sequence(sequence(new asn1.Integer({ value: status })), token).toBER());
}
const imprintOf = (hash: Uint8Array, algorithm = '2.16.840.1.101.3.4.2.1') =>
  sequence(sequence(oid(algorithm), new asn1.Null()), new asn1.OctetString({ valueHex: hash }));

/** The imprint of a request, as the RFC places it. */
function imprintIn(request: Buffer): asn1.BaseBlock {
  const { result } = asn1.fromBER(new Uint8Array(request));
  const [version, imprint, nonce, certificate] = (result as asn1.Sequence).valueBlock.value;
  expect((version as asn1.Integer).valueBlock.valueDec).toBe(1);
  expect((nonce as asn1.Integer).valueBlock.valueHexView.length).toBeGreaterThan(8);
  expect((certificate as asn1.Boolean).getValue()).toBe(true);
  return imprint!;
}

test('asks for the SHA-256 of the bytes, and keeps question and answer as they were', async () => {
  answer = request => ({ body: stampOf(imprintIn(request)) });
  const { request, response } = await requestTimestamp(url, BYTES);
  expect(imprintIn(request).toBER()).toEqual(imprintOf(sha256(BYTES)).toBER());
  expect(checkTimestamp(response, BYTES)).toEqual(AT);
  const again = await requestTimestamp(url, BYTES);
  expect(again.request.equals(request), 'a nonce of its own').toBe(false);
});

describe('what is no stamp of these bytes is refused', () => {
  const refused = async (given: Answer, message: RegExp) => {
    answer = () => given;
    await expect(requestTimestamp(url, BYTES)).rejects.toThrow(message);
  };
  const good = imprintOf(sha256(BYTES));
  test('another imprint', () =>
    refused({ body: stampOf(imprintOf(sha256(Buffer.from('other')))) }, /of other bytes/));
  test('another algorithm', () =>
    refused({ body: stampOf(imprintOf(sha256(BYTES), '1.3.14.3.2.26')) }, /of other bytes/));
  test('a rejection', () => refused({ body: stampOf(good, 2) }, /its status is 2/));
  test('a rejection without a stamp', () =>
    refused(
      { body: new Uint8Array(sequence(sequence(new asn1.Integer({ value: 2 }))).toBER()) },
      /its status is 2/,
    ));
  test('an error of HTTP', () => refused({ http: 503, body: stampOf(good) }, /answered 503/));
  test.each([
    ['text', Buffer.from('no')],
    ['nothing', Buffer.alloc(0)],
    [
      'another structure',
      new Uint8Array(sequence(sequence(new asn1.Integer({ value: 0 })), sequence()).toBER()),
    ],
  ])('%s', (_, body) => refused({ body }, /no time stamp of RFC 3161/));
  test('a stamp with modifications is one', () =>
    expect(checkTimestamp(stampOf(good, 1), BYTES)).toEqual(AT));
});
