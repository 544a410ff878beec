/**
 * Which events are leaves of a workspace's tree, and what is hashed of them: everything in the workspace's streams, exactly
 * as it is stored. The stream's name alone decides, so that another version of Relata, which knows other categories,
 * makes the same tree.
 */
import { parseStream } from '../domain/kernel/aggregate.ts';
import { canonicalJson } from '../eventstore/canonical.ts';
import type { StoredEvent } from '../eventstore/codec.ts';

/** An event as it is hashed, in proofs too. */
export type LeafEvent = {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly data?: unknown;
  readonly metadata?: unknown;
};

/** The workspace whose tree the event is a leaf of; nothing for system events and other programs' streams. */
export const workspaceOf = ({ type, streamId }: StoredEvent): string | undefined =>
  type.startsWith('$') ? undefined : parseStream(streamId)?.workspaceId;

export const leafEventOf = ({ streamId, revision, id, type, data, metadata }: StoredEvent): LeafEvent => ({
  stream: streamId,
  revision: Number(revision), // a stream has far fewer than 2^53 events
  id,
  type,
  ...(data !== undefined && { data: asJson(data) }),
  ...(metadata !== undefined && { metadata: asJson(metadata) }),
});

/** The same text that the next event's `prevHash` is made of (eventstore/hash.ts). */
export const leafText = ({ stream, revision, id, type, data, metadata }: LeafEvent): string =>
  canonicalJson({ stream, revision, id, type, data, metadata });

/** What isn't JSON is shown by its bytes. */
const asJson = (value: unknown): unknown =>
  value instanceof Uint8Array ? { $base64: Buffer.from(value).toString('base64') } : value;
