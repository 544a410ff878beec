/** An event's proof: its place in the tree of a signed head, and the siblings that lead to that head's root. */
import type { Row } from '../../../projections/query/plan.ts';
import type { WitnessedHead } from '../../../proof/headFiles.ts';
import { headOfSize } from '../../../proof/heads.ts';
import { type Inclusion, inclusionsOf } from '../../../proof/inclusion.ts';
import { area } from '../../schema/area.ts';
import { loaderFor } from '../../schema/loaders.ts';

type Proof = {
  readonly head: WitnessedHead | undefined;
  readonly inclusion: Inclusion | undefined;
};

const READS_MORE = 10;

export const eventProof = area(({ builder, entities }) => {
  const entry = entities.of('timelineEntry');

  const head = builder.objectRef<WitnessedHead>('ProofHead').implement({
    description: 'A signed head with the public key that it is signed by.',
    fields: t => ({
      size: t.exposeInt('size'),
      rootHash: t.exposeString('rootHash'),
      position: t.exposeString('position'),
      previousSize: t.exposeInt('previousSize'),
      signedAt: t.expose('signedAt', { type: 'DateTime' }),
      keyId: t.exposeString('keyId'),
      publicKey: t.exposeString('publicKey'),
      signature: t.exposeString('signature'),
    }),
  });
  const proof = builder.objectRef<Proof>('EventProof').implement({
    description:
      'All null but `missing` while no head covers the event. How it is checked is in docs/proof.md.',
    fields: t => ({
      leafIndex: t.int({ nullable: true, resolve: ({ inclusion }) => inclusion?.index ?? null }),
      leafHash: t.string({
        nullable: true,
        resolve: ({ inclusion }) => inclusion?.leaf.toString('hex') ?? null,
      }),
      path: t.stringList({
        nullable: true,
        description: 'Siblings from the leaf up to the root, in hexadecimal.',
        resolve: ({ inclusion }) => inclusion?.path.map(hash => hash.toString('hex')) ?? null,
      }),
      head: t.field({
        type: head,
        nullable: true,
        resolve: shown => (shown.inclusion ? (shown.head ?? null) : null),
      }),
      missing: t.string({
        nullable: true,
        description: 'Why there is no proof.',
        resolve: ({ inclusion, head: newest }) => (inclusion ? null : reasonOf(newest)),
      }),
    }),
  });

  entry.sources.set('proof', { kind: 'own', columns: ['knownFrom'], reads: true });
  builder.objectField(entry.ref, 'proof', t =>
    t.field({
      type: proof,
      complexity: READS_MORE,
      description: 'Against the newest head, or the one of this size.',
      args: { headSize: t.arg.int() },
      resolve: (row: Row, { headSize }, context, info) => {
        const { session, loaders } = context.reads;
        const { workspaceId } = context;
        const loader = loaderFor(loaders, info.fieldNodes, headSize ?? undefined, async positions => {
          const of = await headOfSize(session, workspaceId, headSize ?? undefined);
          const inclusions = of && (await inclusionsOf(session, workspaceId, positions.map(BigInt), of.size));
          return positions.map((_, i): Proof => ({ head: of, inclusion: inclusions?.[i] }));
        });
        return loader.load(String(row.knownFrom));
      },
    }),
  );
});

const reasonOf = (head: WitnessedHead | undefined): string =>
  head ? `the head of ${head.size} events does not cover it yet` : 'there is no such head yet';
