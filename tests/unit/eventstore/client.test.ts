import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  NotLeaderError,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { worthSendingAgain } from '../../../src/eventstore/client.ts';

/** The client's errors carry their type on the instance, whatever they were made of. */
const made = <T extends { readonly prototype: object }>(type: T): unknown =>
  Object.assign(Object.create(type.prototype), TYPES.get(type) && { type: TYPES.get(type) });
const TYPES = new Map<unknown, string>([
  [UnavailableError, 'unavailable'],
  [DeadlineExceededError, 'deadline-exceeded'],
  [TimeoutError, 'timeout'],
  [CancelledError, 'cancelled'],
  [UnknownError, 'unknown'],
  [NotLeaderError, 'not-leader'],
  [WrongExpectedVersionError, 'wrong-expected-version'],
  [AccessDeniedError, 'access-denied'],
  [StreamNotFoundError, 'stream-not-found'],
]);

test.each([
  UnavailableError,
  DeadlineExceededError,
  TimeoutError,
  CancelledError,
  UnknownError,
  NotLeaderError,
])('%o leaves open whether the append took place: the same bytes go again', type =>
  expect(worthSendingAgain(made(type))).toBe(true),
);
test.each([WrongExpectedVersionError, AccessDeniedError, StreamNotFoundError])('%o is an answer', type =>
  expect(worthSendingAgain(made(type))).toBe(false),
);
test.each([null, undefined, new Error('x'), 'unavailable', { type: 14 }])(
  '%o is none of the client’s',
  error => expect(worthSendingAgain(error)).toBe(false),
);
