/**
 * The public keys that a workspace's tree heads are signed with, one after the other. Each is signed by the one before it;
 * where that was lost, the new one has no such signature, and whoever checks is told.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { reject } from '../kernel/rejection.ts';
import { never } from '../kernel/undo.ts';

/** The first half of the SHA-256 of the public key, in hexadecimal. */
export const KeyId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ title: 'KeyId' });

/** Ed25519, in base64. */
export const Signature = z
  .string()
  .regex(/^[A-Za-z0-9+/]{86}==$/)
  .meta({ title: 'Signature' });

/** The 32 bytes of an Ed25519 public key, in base64. */
const PublicKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/)
  .meta({ title: 'PublicKey' });

const key = {
  keyId: KeyId,
  publicKey: PublicKey,
  /** The one that it takes the place of; the first has none. */
  previousKeyId: KeyId.optional(),
  /** By the previous key; absent where that was lost. */
  signature: Signature.optional(),
};

const events = defineEvents('signingKey', {
  SigningKeyPublished: described('Tree heads are signed with this key from then on.', key),
});

export type SigningKeys = { readonly current?: string; readonly superseded: readonly string[] };

export const signingKey = defineAggregate<SigningKeys, typeof events>({
  category: 'signingKey',
  singleton: true,
  events,
  initial: { superseded: [] },
  evolve: {
    SigningKeyPublished: ({ current, superseded }, { keyId }) => ({
      current: keyId,
      superseded: current === undefined ? superseded : [...superseded, current],
    }),
  },
  undo: { SigningKeyPublished: never('heads are signed with it; a new key takes its place') },
  commands: {
    publishSigningKey: command<SigningKeys>()({
      internal: true,
      anyState: true,
      input: key,
      decide: (input, { current, superseded }) => {
        if (input.keyId === current) return [];
        if (superseded.includes(input.keyId))
          return reject('SIGNING_KEY_SUPERSEDED', 'a later key has taken its place', 'keyId', { current });
        return input.previousKeyId === current
          ? [events.SigningKeyPublished(input)]
          : reject('SIGNING_KEY_DIFFERS', 'another key is published', 'keyId', { current });
      },
    }),
  },
});
