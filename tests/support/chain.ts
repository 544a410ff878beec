/** What holds of every stream, from a plain read of it. */
import { expect } from 'vitest';
import type { StoredEvent } from '../../src/eventstore/codec.ts';
import type { Envelope } from '../../src/eventstore/envelope.ts';
import { chainHash, sealEvent, streamHash } from '../../src/eventstore/hash.ts';

/** Revisions without gaps, each event with the id of its content and the hash of the one before it. */
export function expectWholeChain(events: readonly StoredEvent[]): void {
  let expected = streamHash(events[0]?.streamId ?? '');
  for (const [revision, event] of events.entries()) {
    const { streamId: stream, id, type, data, metadata } = event;
    const hashed = { stream, revision, type, data, metadata };
    expect([Number(event.revision), (metadata as Envelope).prevHash, id], `${type} of ${stream}`).toEqual([
      revision,
      expected,
      sealEvent(hashed).id,
    ]);
    expected = chainHash({ ...hashed, id });
  }
}
