/** What an append must be like to be taken, on either way to append, and how it is refused. */
import { isUtf8 } from 'node:buffer';
import type { ProposedEvent } from './record.ts';
import type { AppendOptions, Proposal } from './requests.ts';
import type { Expected } from './rules.ts';
import { type Refusal, refusal, STATUS } from './transport.ts';

/** The real server's default, https://docs.kurrent.io/server/v23.10/configuration */
export const MAX_APPEND_BYTES = 1024 * 1024;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';
const DOLLAR = 0x24;

export function checkedOptions(options: AppendOptions): AppendOptions & { readonly expected: Expected } {
  const { stream, expected } = options;
  if (stream.length === 0 || !isUtf8(stream)) {
    throw refusal(STATUS.invalidArgument, 'The name of the stream must be text in UTF-8 and not empty.');
  }
  if (expected === undefined) throw refusal(STATUS.invalidArgument, 'The expected revision is missing.');
  if (stream[0] === DOLLAR && stream[1] === DOLLAR) {
    throw refusal(
      STATUS.unimplemented,
      'The embedded EventStoreDB does not honour stream metadata: use a real EventStoreDB for it.',
    );
  }
  return { ...options, expected };
}

export function checkedEvent({ id, type, contentType, data, metadata }: Proposal): ProposedEvent {
  if (id === '' || id === NIL_UUID)
    throw refusal(STATUS.invalidArgument, 'The id of an event must be a UUID and not be nil.');
  if (type === undefined) throw missingProperty('type');
  if (contentType === undefined) throw missingProperty('content-type');
  if (type === '') throw refusal(STATUS.invalidArgument, 'The type of an event must not be empty.');
  return { id, type, json: contentType === 'application/json', data, metadata };
}

/** As the server counts it: UTF-16 for the type, bytes for the rest. */
export const sizeOf = ({ type, data, metadata }: Proposal): number =>
  data.length + metadata.length + 2 * (type?.length ?? 0);

export const tooLarge = (): Refusal =>
  refusal(STATUS.invalidArgument, `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(MAX_APPEND_BYTES),
  });

const missingProperty = (name: string): Refusal =>
  refusal(STATUS.invalidArgument, `Required Metadata Property '${name}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
