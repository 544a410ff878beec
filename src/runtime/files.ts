/** Small file operations that must be whole or not at all. */
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that after a crash or a power cut it is either as before or complete: a reader never sees half of
 * it. The temporary name is fixed, so a crash leaves at most one behind, which the next write replaces.
 */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(temporary, mode); // a left-over temporary file keeps its old mode, and the umask may have cut ours
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync(); // the rename itself is only durable with its folder
  } finally {
    await folder.close();
  }
}

/** undefined when there is no such file; every other failure is thrown. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
