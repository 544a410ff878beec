/**
 * Tree heads of a workspace: a signed statement that the first `size` events of its log hash to `rootHash`. One stream a
 * month, so that none grows for ever; nothing depends on which stream a head stands in. What is signed, and how the
 * events are hashed, is in docs/proof.md.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { never } from '../kernel/undo.ts';
import { Instant } from '../kernel/values.ts';
import { KeyId, Signature } from './signingKey.ts';

/** SHA-256 in hexadecimal. */
const Hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ title: 'Hash' });

/** A place in the log, in decimal. */
const LogPosition = z
  .string()
  .regex(/^\d{1,19}$/)
  .meta({ title: 'LogPosition' });

/** Events; as many as an INTEGER of SQL and GraphQL can count. */
const Count = z.int().max(2 ** 31 - 1);

const head = {
  /** How many events of the workspace it covers, from the first on. */
  size: Count.min(1),
  rootHash: Hash,
  /** Of the last event that it covers. */
  position: LogPosition,
  /** The size of the head before it; 0 for the first. */
  previousSize: Count.min(0),
  signedAt: Instant,
  keyId: KeyId,
  signature: Signature,
};

const events = defineEvents('treeHead', {
  TreeHeadSigned: described(
    'What the events of the workspace hash to, up to a place in the log, was signed.',
    head,
  ),
});

type TreeHeads = { readonly size: number };

export const treeHead = defineAggregate<TreeHeads, typeof events>({
  category: 'treeHead',
  events,
  initial: { size: 0 },
  undo: { TreeHeadSigned: never('what was signed stays said') },
  evolve: { TreeHeadSigned: (_, { size }) => ({ size }) },
  commands: {
    signTreeHead: command<TreeHeads>()({
      internal: true,
      anyState: true,
      input: head,
      /** Of two owners at once the second has nothing to add. */
      decide: (input, s) => (input.size <= s.size ? [] : [events.TreeHeadSigned(input)]),
    }),
  },
});
