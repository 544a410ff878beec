/** How calls about groups fail: the server's words, and the trailers that its clients make typed errors of. */
import { type Refusal, refusal, STATUS } from '../status.ts';
import type { GroupName } from './definition.ts';

const named = ({ stream, group }: GroupName): string => `Subscription group ${group} on stream ${stream}`;

const trailers = (exception: string, { stream, group }: GroupName): Record<string, string> => ({
  exception,
  'stream-name': stream,
  'group-name': group,
});

export const doesNotExist = (name: GroupName): Refusal =>
  refusal(
    STATUS.notFound,
    `${named(name)} does not exist.`,
    trailers('persistent-subscription-does-not-exist', name),
  );

export const exists = (name: GroupName): Refusal =>
  refusal(STATUS.alreadyExists, `${named(name)} exists.`, trailers('persistent-subscription-exists', name));

export const dropped = (name: GroupName): Refusal =>
  refusal(STATUS.cancelled, `${named(name)} was dropped.`, trailers('persistent-subscription-dropped', name));

export const maximumReached = (name: GroupName): Refusal =>
  refusal(
    STATUS.failedPrecondition,
    `Maximum subscriptions reached for subscription group ${name.group} on stream ${name.stream}.`,
    trailers('maximum-subscribers-reached', name),
  );

export const failed = (name: GroupName, reason: string): Refusal =>
  refusal(STATUS.internal, `${named(name)} failed: '${reason}'`, {
    ...trailers('persistent-subscription-failed', name),
    reason,
  });
