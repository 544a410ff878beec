/** Growing is adding files: declarations are found by looking into their folder, not by editing a list. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Every export, of the modules right in or anywhere below a folder, that `is` accepts; sorted by file. */
export async function findExports<T>(
  folder: URL,
  is: (value: unknown) => value is T,
  depth: 'flat' | 'deep',
): Promise<readonly T[]> {
  const entries = await readdir(fileURLToPath(folder), { recursive: depth === 'deep' });
  const files = entries.filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts')).sort();
  const modules: Record<string, unknown>[] = await Promise.all(
    files.map(file => import(new URL(file, folder).href)),
  );
  return [...new Set(modules.flatMap(module => Object.values(module).filter(is)))];
}

/** Whether a value is a declaration of the given kind. */
export const isKind =
  <T extends { readonly kind: string }>(kind: T['kind']) =>
  (value: unknown): value is T =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
