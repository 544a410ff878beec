/**
 * Tree heads as a witness holds them: in a folder, one file a head (`<workspace>/<size>.json`), or in one file, one line a
 * head. Each is written so that it can be read, and its signature checked, without Relata; the format is in docs/proof.md.
 */
import { appendFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { z } from 'zod';
import { WorkspaceId } from '../domain/kernel/aggregate.ts';
import { isErrno, readIfThere, writeWhole } from '../runtime/files.ts';
import type { TreeHead } from './head.ts';

export const HEAD_FORMAT = 'relata tree head v1';

/** A head with the public key that it is signed by. */
export type WitnessedHead = TreeHead & { readonly publicKey: string };

export const HeadFile = z.object({
  format: z.literal(HEAD_FORMAT),
  workspaceId: WorkspaceId,
  size: z.int().min(1),
  rootHash: z.string(),
  position: z.string(),
  previousSize: z.int().min(0),
  signedAt: z.string(),
  keyId: z.string(),
  publicKey: z.string(),
  signature: z.string(),
});

/** One place that holds heads. */
export type HeadFiles = {
  /** All of them, those of a workspace by size. @throws for a file that is none of a head. */
  readonly read: () => Promise<readonly WitnessedHead[]>;
  /** The largest of a workspace. */
  readonly last: (workspaceId: string) => Promise<WitnessedHead | undefined>;
  /** @returns the bytes as they lie there, and where files beside them begin. */
  readonly write: (head: WitnessedHead) => Promise<{ readonly bytes: Buffer; readonly beside: string }>;
};

/** A folder where there is one, or the path says that it is to be one; a file otherwise. */
export async function headFilesAt(path: string): Promise<HeadFiles> {
  const found = await stat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  const isFolder = found ? found.isDirectory() : path.endsWith(sep) || !/\.[a-z]+$/.test(path);
  return isFolder ? folderOfHeads(path) : fileOfHeads(path);
}

/** A line, with its end. */
export function bytesOfHead(head: WitnessedHead): Buffer {
  const { workspaceId, size, rootHash, position, previousSize, signedAt, keyId, publicKey, signature } = head;
  const fields = { format: HEAD_FORMAT, workspaceId, size, rootHash, position, previousSize, signedAt };
  return Buffer.from(`${JSON.stringify({ ...fields, keyId, publicKey, signature })}\n`);
}

function folderOfHeads(dir: string): HeadFiles {
  const nameOf = (size: number) => String(size).padStart(12, '0');
  const namesOf = async (workspaceId: string) =>
    (await namesIn(join(dir, workspaceId))).filter(name => name.endsWith('.json')).sort();
  const readHead = async (workspaceId: string, name: string) => {
    const path = join(dir, workspaceId, name);
    return headIn(await readFile(path, 'utf8'), path);
  };
  return {
    read: async () => {
      const heads: WitnessedHead[] = [];
      for (const workspaceId of (await namesIn(dir)).filter(name => WorkspaceId.safeParse(name).success))
        for (const name of await namesOf(workspaceId)) heads.push(await readHead(workspaceId, name));
      return heads;
    },
    last: async workspaceId => {
      const name = (await namesOf(workspaceId)).at(-1);
      return name === undefined ? undefined : readHead(workspaceId, name);
    },
    write: async head => {
      const beside = join(dir, head.workspaceId, nameOf(head.size));
      const bytes = bytesOfHead(head);
      await mkdir(join(dir, head.workspaceId), { recursive: true });
      await writeWhole(`${beside}.json`, bytes);
      return { bytes, beside };
    },
  };
}

function fileOfHeads(path: string): HeadFiles {
  const read = async () => {
    const text = (await readIfThere(path))?.toString() ?? '';
    const lines = text.split('\n').filter(line => line !== '');
    return lines.map((line, i) => headIn(line, `line ${i + 1} of ${path}`)).sort((a, b) => a.size - b.size);
  };
  return {
    read,
    last: async workspaceId => (await read()).filter(head => head.workspaceId === workspaceId).at(-1),
    write: async head => {
      const bytes = bytesOfHead(head);
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, bytes, { flush: true });
      return { bytes, beside: `${path}.${head.workspaceId}.${head.size}` };
    },
  };
}

function headIn(text: string, where: string): WitnessedHead {
  const parsed = HeadFile.safeParse(asJson(text));
  if (!parsed.success) throw new Error(`${where} is no tree head that Relata wrote`);
  const { format: _, ...head } = parsed.data;
  return head;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says that it is none
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
