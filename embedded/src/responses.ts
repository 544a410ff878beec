/**
 * The responses of the Streams service other than stored events. Field numbers are those of EventStoreDB's published
 * streams.proto, shared.proto and status.proto; names in comments are theirs.
 */
import type { Expected } from './rules.ts';
import { STATUS, type Status } from './status.ts';
import { frame, nested, number, text } from './wire.ts';

const streamIdentifier = (field: number, name: Uint8Array): Buffer => nested(field, nested(3, name));

/** AppendResp.Success and BatchAppendResp.Success, which are alike. */
function success(field: number, revision: number, position: number | undefined): Buffer {
  return nested(
    field,
    revision < 0 ? nested(2) : number(1, revision),
    position === undefined ? nested(4) : nested(3, number(1, position), number(2, position)),
  );
}

/** AppendResp */
export const appended = (revision: number, position: number | undefined): Buffer =>
  frame(success(1, revision, position));

/** DeleteResp and TombstoneResp */
export const deleted = (position: number | undefined): Buffer =>
  frame(position === undefined ? nested(2) : nested(1, number(1, position), number(2, position)));

/** AppendResp { wrong_expected_version } */
export const wrongRevision = (expected: Expected, current: number): Buffer =>
  frame(nested(2, current < 0 ? nested(7) : number(6, current), expectedField(8, expected)));

/** What was expected: a revision in the first of four fields, or which other expectation in the next ones. */
function expectedField(first: number, expected: Expected): Buffer {
  if (typeof expected === 'bigint') return number(first, expected);
  return nested(first + 1 + ['any', 'streamExists', 'noStream'].indexOf(expected));
}

/** Which append a BatchAppendResp is for: its correlation as it came, and its stream. */
export type Correlated = { readonly correlation: Buffer; readonly stream: Buffer };

/** BatchAppendResp { success } */
export const batchAppended = (to: Correlated, revision: number, position: number | undefined): Buffer =>
  frame(nested(1, to.correlation), success(3, revision, position), streamIdentifier(4, to.stream));

/** BatchAppendResp { error }, by what google.rpc.Status tells the client. */
function batchError(to: Correlated, code: number, message: string, type: string, detail: Buffer[]): Buffer {
  const any = nested(3, text(1, `type.googleapis.com/${type}`), nested(2, ...detail));
  const status = nested(2, number(1, code), text(2, message), any);
  return frame(nested(1, to.correlation), status, streamIdentifier(4, to.stream));
}

export function batchWrongRevision(to: Correlated, expected: Expected, current: number): Buffer {
  const was = current < 0 ? nested(2) : number(1, current);
  return batchError(
    to,
    STATUS.alreadyExists,
    'WrongExpectedVersion',
    'event_store.client.WrongExpectedVersion',
    [was, expectedField(3, expected)],
  );
}

export const batchStreamDeleted = (to: Correlated): Buffer =>
  batchError(to, STATUS.notFound, 'StreamDeleted', 'event_store.client.StreamDeleted', [
    streamIdentifier(1, to.stream),
  ]);

export const batchTimeout = (to: Correlated): Buffer =>
  batchError(to, STATUS.deadlineExceeded, 'Timeout', 'event_store.client.Timeout', []);

export const batchTooLarge = (to: Correlated, limit: number): Buffer =>
  batchError(
    to,
    STATUS.invalidArgument,
    'MaximumAppendSizeExceeded',
    'event_store.client.MaximumAppendSizeExceeded',
    [number(1, limit)],
  );

/**
 * The real server answers “BadRequest” with the reason in a detail that the Node.js client doesn't read.
 * The client shows the message of a detail that it doesn't know, so the reason is put there.
 */
export const batchRefused = (to: Correlated, message: string): Buffer =>
  batchError(to, STATUS.invalidArgument, message, 'event_store.client.BadRequest', [text(1, message)]);

export const batchFailed = (to: Correlated, { code, message }: Status): Buffer =>
  batchError(to, code, message, 'google.protobuf.Empty', []);

/** ReadResp */
export const confirmed = (subscriptionId: string): Buffer => frame(nested(2, text(1, subscriptionId)));
export const checkpoint = (position: number): Buffer =>
  frame(nested(3, number(1, position), number(2, position)));
export const streamNotFound = (stream: Buffer): Buffer => frame(nested(4, streamIdentifier(1, stream)));
export const CAUGHT_UP: Buffer = frame(nested(8));

export type SupportedMethod = {
  readonly service: string;
  readonly method: string;
  readonly features: readonly string[];
};

/** SupportedMethods; names go out in lower case, as the real server's do. */
export const supportedMethods = (version: string, methods: readonly SupportedMethod[]): Buffer =>
  frame(
    ...methods.map(({ service, method, features }) =>
      nested(
        1,
        text(1, method.toLowerCase()),
        text(2, service.toLowerCase()),
        ...features.map(feature => text(3, feature)),
      ),
    ),
    text(2, version),
  );
