/**
 * Brings heads out of reach: to a file or a folder that somebody else keeps. What lies there already is held against the
 * log first; a log that was written anew is found at the latest by the next head.
 */

import { type FatalError, fatal } from '../runtime/fatal.ts';
import { writeWhole } from '../runtime/files.ts';
import type { HeadFiles, WitnessedHead } from './headFiles.ts';
import { headOfSize, headsAfter, type Reads, workspacesWithHeads } from './heads.ts';
import type { Timestamp } from './timestamp.ts';

export type WitnessOptions = {
  readonly reads: Reads;
  readonly to: HeadFiles;
  /** Has the bytes stamped by an authority; absent where there is none. */
  readonly stamp?: (bytes: Uint8Array) => Promise<Timestamp>;
  /** A head was written without a stamp: the authority's failure. */
  readonly onUnstamped: (head: WitnessedHead, error: unknown) => void;
};

const PAGE = 500;

/** Writes every head that isn't there yet. @returns how many. @throws FatalError when one there is not of this log. */
export async function exportHeads(options: WitnessOptions): Promise<number> {
  const { reads, to } = options;
  let written = 0;
  for (const workspaceId of await workspacesWithHeads(reads)) {
    const held = await to.last(workspaceId);
    if (held) await compare(reads, held);
    let size = held?.size ?? 0;
    for (;;) {
      const heads = await headsAfter(reads, workspaceId, size, PAGE);
      for (const head of heads) await write(options, head);
      written += heads.length;
      if (heads.length < PAGE) break;
      size = heads.at(-1)?.size ?? size;
    }
  }
  return written;
}

async function write({ to, stamp, onUnstamped }: WitnessOptions, head: WitnessedHead): Promise<void> {
  const { bytes, beside } = await to.write(head);
  if (!stamp) return;
  try {
    const { request, response } = await stamp(bytes);
    await writeWhole(`${beside}.tsq`, request);
    await writeWhole(`${beside}.tsr`, response);
  } catch (error) {
    onUnstamped(head, error); // the head counts without it; only the time isn't attested
  }
}

async function compare(reads: Reads, held: WitnessedHead): Promise<void> {
  const { workspaceId, size } = held;
  const ours = await headOfSize(reads, workspaceId, size);
  if (ours?.rootHash !== held.rootHash) throw differs(held, ours);
}

const differs = (
  { workspaceId, size, signedAt }: WitnessedHead,
  ours: WitnessedHead | undefined,
): FatalError =>
  fatal(
    'WITNESS_DIFFERS',
    `The witness holds a head of the first ${size} events of workspace ${workspaceId}, signed at ${signedAt}, and this log has ${ours ? 'another one' : 'none'} of that size: the log was written anew or cut, or the witness is another installation's. Run \`relata verify --witness\` with it; write heads to another place until this is explained.`,
  );
