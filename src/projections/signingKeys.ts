/** The public keys that tree heads were and are signed with, in the order in which they took each other's place. */
import { signingKey } from '../domain/shared/signingKey.ts';
import { instant, text } from './columns.ts';
import { keyedModel } from './readModel.ts';

export const signingKeys = keyedModel('signingKeys', signingKey, {
  version: 1,
  history: false,
  columns: {
    keyId: text,
    publicKey: text,
    previousKeyId: text.optional,
    /** By the previous key; without it that key was lost. */
    signature: text.optional,
    publishedAt: instant,
  },
  on: {
    SigningKeyPublished: {
      keys: ({ id }) => [id],
      evolve: (_, { data, recordedAt }) => ({
        ...data,
        previousKeyId: data.previousKeyId ?? null,
        signature: data.signature ?? null,
        publishedAt: recordedAt,
      }),
    },
  },
});
