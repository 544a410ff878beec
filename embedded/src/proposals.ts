/** What an append must be like to be taken, on either way to append, and how it is refused. */
import { isUtf8 } from 'node:buffer';
import type { ProposedEvent } from './record.ts';
import { idOf, nameOf, type Proposal, type WriteOptions } from './requests.ts';
import type { Expected } from './rules.ts';
import { textAt } from './schema.ts';
import { type Refusal, refusal, STATUS } from './status.ts';

/** The real server's default, https://docs.kurrent.io/server/v23.10/configuration */
export const MAX_APPEND_BYTES = 1024 * 1024;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** What a write is to, and on which condition. */
export type Target = { readonly stream: Buffer; readonly expected: Expected };

export function checkedOptions(options: WriteOptions): Target {
  const stream = nameOf(options.stream);
  streamName(stream);
  const expected = expectedOf(options);
  if (expected === undefined) throw refusal(STATUS.invalidArgument, 'The expected revision is missing.');
  return { stream, expected };
}

function expectedOf({ revision, noStream, any, streamExists }: WriteOptions): Expected | undefined {
  if (revision !== undefined) return revision;
  if (noStream) return 'noStream';
  if (any) return 'any';
  return streamExists ? 'streamExists' : undefined;
}

/** Milliseconds from now until its client waits no longer. */
export function timeLeft({ deadline, timeout }: WriteOptions): number {
  if (deadline) return milliseconds(deadline) - Date.now();
  return timeout ? milliseconds(timeout) : Number.POSITIVE_INFINITY;
}

const milliseconds = ({ seconds, nanos }: { readonly seconds: number; readonly nanos: number }): number =>
  seconds * 1_000 + nanos / 1_000_000;

/** The name of the stream that a call is about. */
export function streamName(bytes: Buffer): string {
  if (bytes.length > 0 && isUtf8(bytes)) return bytes.toString('utf8');
  throw refusal(STATUS.invalidArgument, 'The name of the stream must be text in UTF-8 and not empty.');
}

export function checkedEvent({ id: uuid, about, data, metadata }: Proposal): ProposedEvent {
  const [id, type, contentType] = [idOf(uuid), textAt(about, 'type'), textAt(about, 'content-type')];
  if (id === '' || id === NIL_UUID)
    throw refusal(STATUS.invalidArgument, 'The id of an event must be a UUID and not be nil.');
  if (type === undefined) throw missingProperty('type');
  if (contentType === undefined) throw missingProperty('content-type');
  if (type === '') throw refusal(STATUS.invalidArgument, 'The type of an event must not be empty.');
  return { id, type, json: contentType === 'application/json', data, metadata };
}

/** As the server counts it: UTF-16 for the type, bytes for the rest. */
export const sizeOf = ({ type, data, metadata }: ProposedEvent): number =>
  data.length + metadata.length + 2 * type.length;

export const tooLarge = (): Refusal =>
  refusal(STATUS.invalidArgument, `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(MAX_APPEND_BYTES),
  });

export const streamDeleted = (stream: string): Refusal =>
  refusal(STATUS.failedPrecondition, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

/** How a delete is refused; the numbers stand for the expectations that aren't one. */
export function wrongExpectedVersion(stream: string, expected: Expected, current: number): Refusal {
  const version = { noStream: -1, any: -2, streamExists: -4 };
  const expectedVersion = String(typeof expected === 'bigint' ? expected : version[expected]);
  return refusal(
    STATUS.failedPrecondition,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expectedVersion}, Actual version: ${current}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': expectedVersion,
      'actual-version': String(current),
    },
  );
}

const missingProperty = (name: string): Refusal =>
  refusal(STATUS.invalidArgument, `Required Metadata Property '${name}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
