/**
 * The strategy that keeps the events of one key at one consumer: keys fall into buckets, and each bucket has an
 * owner, from its first event until the owner leaves. Who joins takes buckets from those who have more than their share.
 */
import { crc32 } from 'node:zlib';
import type { Consumer, Strategy } from './strategies.ts';

const BUCKETS = 1_024;
const bucketOf = (key: string): number => crc32(key) % BUCKETS;

type Bucket<C> = { owner: C | undefined; inFlight: number };

export function createPinned<C extends Consumer>(): Strategy<C> {
  const buckets: readonly Bucket<C>[] = Array.from({ length: BUCKETS }, () => ({
    owner: undefined,
    inFlight: 0,
  }));
  /** How many buckets each consumer owns. */
  const owned = new Map<C, number>();

  function give(bucket: Bucket<C>, owner: C): void {
    if (bucket.owner) owned.set(bucket.owner, (owned.get(bucket.owner) ?? 0) - 1);
    owned.set(owner, (owned.get(owner) ?? 0) + 1);
    bucket.owner = owner;
    // What is in flight at the former owner is none of the new one's.
    bucket.inFlight = 0;
  }

  function poorest(): C | undefined {
    let found: C | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [consumer, count] of owned) {
      if (count >= least) continue;
      found = consumer;
      least = count;
    }
    return found;
  }

  const anyRoom = (): boolean => {
    for (const { inFlight, bufferSize } of owned.keys()) if (inFlight < bufferSize) return true;
    return false;
  };

  return {
    join(consumer) {
      const others = [...owned];
      const total = others.reduce((sum, [, count]) => sum + count, 0);
      const share = Math.ceil(total / (others.length + 1));
      owned.set(consumer, 0);
      for (const [other, count] of others) {
        // Buckets with nothing in flight first: their keys keep their order in the move.
        const moved = buckets
          .filter(({ owner }) => owner === other)
          .sort((a, b) => a.inFlight - b.inFlight)
          .slice(0, Math.max(0, count - share));
        for (const bucket of moved) give(bucket, consumer);
      }
    },
    leave(consumer) {
      owned.delete(consumer);
      for (const bucket of buckets) {
        if (bucket.owner !== consumer) continue;
        bucket.owner = undefined;
        bucket.inFlight = 0;
      }
    },
    choose(key) {
      if (!anyRoom()) return 'full';
      const bucket = buckets[bucketOf(key)]!;
      const owner = bucket.owner ?? poorest();
      if (!owner) return 'full';
      if (owner !== bucket.owner) give(bucket, owner);
      if (owner.inFlight >= owner.bufferSize) return 'later';
      bucket.inFlight++;
      return owner;
    },
    answered(consumer, key) {
      const bucket = buckets[bucketOf(key)]!;
      if (bucket.owner === consumer && bucket.inFlight > 0) bucket.inFlight--;
    },
  };
}
