/**
 * A proof as it is given away: events as they are stored, the head whose tree they are in, the siblings up to its root, and
 * the public key. It is checked without Relata's stores; the format is specified in docs/proof.md.
 */
import { z } from 'zod';
import { canonicalJson } from '../eventstore/canonical.ts';
import { isSignedBy } from './head.ts';
import { HeadFile, type WitnessedHead } from './headFiles.ts';
import { type LeafEvent, leafText } from './leaf.ts';
import { leafHash, rootFromPath } from './merkle.ts';

export const PROOF_FORMAT = 'relata proof v1';

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

const ProofFile = z.object({
  format: z.literal(PROOF_FORMAT),
  head: HeadFile,
  events: z
    .array(
      z.object({
        index: z.int().min(0),
        event: z.object({
          stream: z.string(),
          revision: z.int().min(0),
          id: z.string(),
          type: z.string(),
          data: z.unknown().optional(),
          metadata: z.unknown().optional(),
        }),
        path: z.array(Hash).max(64),
      }),
    )
    .min(1),
});

export type ProofFile = z.infer<typeof ProofFile>;

export type ProvenEvent = {
  readonly index: number;
  readonly event: LeafEvent;
  readonly path: readonly string[];
};

export type Checked = {
  readonly ok: boolean;
  readonly head: WitnessedHead | undefined;
  readonly events: number;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
  /** Whether a witness holds this head; nothing when none was asked. */
  readonly witnessed: boolean | undefined;
};

/** @param witnessed heads that a witness holds, if there is one. */
export function checkProof(content: unknown, witnessed?: readonly WitnessedHead[]): Checked {
  const parsed = ProofFile.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue ? ` (${issue.path.join('.') || 'the file'}: ${issue.message})` : '';
    return {
      ok: false,
      head: undefined,
      events: 0,
      problems: [`this is no proof of the format "${PROOF_FORMAT}"${where}`],
      witnessed: undefined,
    };
  }
  const { head, events } = parsed.data;
  const problems: string[] = [];
  if (!isSignedBy(head, head.publicKey)) problems.push('the head is not signed by the key that it names');
  for (const { index, event, path } of events) {
    const leaf = leafHash(leafText(event));
    const root = rootFromPath(
      index,
      head.size,
      leaf,
      path.map(hash => Buffer.from(hash, 'hex')),
    );
    if (root?.toString('hex') !== head.rootHash)
      problems.push(
        `${event.type} at revision ${event.revision} of ${event.stream} is not event ${index} of the head's tree`,
      );
  }
  const held = witnessed?.filter(each => each.workspaceId === head.workspaceId);
  if (held) problems.push(...witnessProblems(head, held));
  return {
    ok: problems.length === 0,
    head,
    events: events.length,
    problems,
    witnessed: held?.some(each => isSame(each, head)),
  };
}

function witnessProblems(head: WitnessedHead, held: readonly WitnessedHead[]): readonly string[] {
  if (held.some(each => isSame(each, head))) return [];
  const other = held.find(({ size }) => size === head.size);
  if (other)
    return [
      `the witness holds another head of ${head.size} events: the log was written anew since ${other.signedAt}`,
    ];
  const sizes = held.map(({ size }) => size);
  return [
    `the witness holds no head of ${head.size} events${sizes.length > 0 ? `; export the proof anew with --head ${Math.max(...sizes)}` : ''}`,
  ];
}

const isSame = (a: WitnessedHead, b: WitnessedHead): boolean =>
  a.workspaceId === b.workspaceId &&
  a.size === b.size &&
  a.rootHash === b.rootHash &&
  a.publicKey === b.publicKey;

/** One event a line, so that a proof of many can be looked at. */
export function proofText(head: z.infer<typeof HeadFile>, events: readonly ProvenEvent[]): string {
  const list = events.map(each => `    ${canonicalJson(each)}`).join(',\n');
  return `{\n  "format": ${JSON.stringify(PROOF_FORMAT)},\n  "head": ${JSON.stringify(head)},\n  "events": [\n${list}\n  ]\n}\n`;
}
