/**
 * Time stamps of RFC 3161: an authority outside signs that it has seen the SHA-256 of some bytes, and when. Its answer is
 * kept as it came; `openssl ts -verify` checks its signature. Here it is only seen to that it is a stamp of these bytes.
 * Source: https://www.rfc-editor.org/rfc/rfc3161#section-2.4
 */
import { randomBytes } from 'node:crypto';
import {
  Boolean as Asn1Boolean,
  type BaseBlock,
  Constructed,
  fromBER,
  GeneralizedTime,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Sequence,
} from 'asn1js';
import { sha256 } from '../eventstore/sha256.ts';

export type Timestamp = { readonly request: Buffer; readonly response: Buffer };

const SHA256 = '2.16.840.1.101.3.4.2.1';
const ANSWER_MS = 20_000;

/** @throws when the authority doesn't answer, or not with a stamp of these bytes. */
export async function requestTimestamp(url: string, bytes: Uint8Array): Promise<Timestamp> {
  const request = timestampRequest(bytes, randomBytes(8));
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: new Uint8Array(request),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!answer.ok) throw new Error(`the time stamping authority answered ${answer.status}`);
  const response = Buffer.from(await answer.arrayBuffer());
  checkTimestamp(response, bytes);
  return { request, response };
}

/** TimeStampReq: version, message imprint, nonce, and that the authority's certificate is to be in the answer. */
export function timestampRequest(bytes: Uint8Array, nonce: Uint8Array): Buffer {
  const imprint = new Sequence({
    value: [
      new Sequence({ value: [new ObjectIdentifier({ value: SHA256 }), new Null()] }),
      new OctetString({ valueHex: sha256(bytes) }),
    ],
  });
  // A first byte of 1: a positive number, and no zero that DER would leave out.
  const number = new Integer({ valueHex: new Uint8Array([1, ...nonce]) });
  const request = new Sequence({
    value: [new Integer({ value: 1 }), imprint, number, new Asn1Boolean({ value: true })],
  });
  return Buffer.from(request.toBER());
}

/** @throws unless the response is a granted stamp whose imprint is that of the bytes. @returns when it was stamped. */
export function checkTimestamp(response: Uint8Array, bytes: Uint8Array): Date {
  const status = child(parse(response), 0);
  const code = integerOf(child(status, 0));
  if (code !== 0 && code !== 1) throw new Error(`the time stamping authority refused: its status is ${code}`);
  const info = infoIn(parse(response));
  const imprint = child(info, 2);
  const algorithm = child(child(imprint, 0), 0);
  const isSha256 = algorithm instanceof ObjectIdentifier && algorithm.getValue() === SHA256;
  if (!isSha256 || !octetsOf(child(imprint, 1)).equals(sha256(bytes)))
    throw new Error('the time stamp is of other bytes');
  const time = child(info, 4);
  if (!(time instanceof GeneralizedTime)) throw malformed();
  return time.toDate();
}

/** TSTInfo: in TimeStampResp → ContentInfo → SignedData → encapContentInfo, as the bytes of an OCTET STRING. */
function infoIn(response: BaseBlock): BaseBlock {
  const signedData = child(child(child(response, 1), 1), 0);
  const content = child(signedData, 2);
  return parse(octetsOf(child(child(content, 1), 0)));
}

function parse(bytes: Uint8Array): BaseBlock {
  const { offset, result } = fromBER(new Uint8Array(bytes));
  if (offset === -1) throw malformed();
  return result;
}

function child(block: BaseBlock, index: number): BaseBlock {
  const value = block instanceof Constructed ? block.valueBlock.value[index] : undefined;
  if (!value) throw malformed();
  return value;
}

function octetsOf(block: BaseBlock): Buffer {
  if (!(block instanceof OctetString)) throw malformed();
  return Buffer.from(block.getValue());
}

function integerOf(block: BaseBlock): number {
  if (!(block instanceof Integer)) throw malformed();
  return block.valueBlock.valueDec;
}

const malformed = () => new Error('the answer is no time stamp of RFC 3161');
