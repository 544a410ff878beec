/** Looking for a text wherever it could have been left: in any encoding that something on the way might have used. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** What to look for; each is long enough to stand nowhere by chance. */
export type Traces = ReturnType<typeof tracesOf>;

export function tracesOf(words: readonly string[]) {
  const forms = words.flatMap(word => formsOf(word).map(form => ({ word, form })));
  return {
    /** The words that are found in it, in any form. */
    in: (bytes: Buffer | string): readonly string[] => {
      const where = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
      return [...new Set(forms.filter(({ form }) => where.includes(form)).map(({ word }) => word))];
    },
  };
}

function formsOf(word: string): readonly Buffer[] {
  const plain = Buffer.from(word);
  return [
    plain,
    Buffer.from(word, 'utf16le'),
    Buffer.from(plain.toString('hex')),
    Buffer.from(plain.toString('hex').toUpperCase()),
    Buffer.from(encodeURIComponent(word)),
    Buffer.from(
      JSON.stringify(word)
        .slice(1, -1)
        .replace(/[^ -~]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ),
    ...inBase64(plain, 'base64'),
    ...inBase64(plain, 'base64url'),
  ];
}

/** As it stands in the base64 of something longer, wherever in there it begins. */
const inBase64 = (plain: Buffer, encoding: 'base64' | 'base64url'): readonly Buffer[] =>
  [0, 1, 2].map(before => {
    const text = Buffer.concat([Buffer.alloc(before), plain])
      .toString(encoding)
      .replace(/=+$/, '');
    // The first and last letters hold bits of neighbours.
    return Buffer.from(text.slice(before === 0 ? 0 : before + 1, -1));
  });

/** Every row of every table that may be read, Postgres's own among them, and the samples that it keeps of values. */
export async function dumpOf(postgresUrl: string): Promise<ReadonlyMap<string, string>> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE (relkind IN ('r', 'm') OR relname = 'pg_stats') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1`,
    );
    const dump = new Map<string, string>();
    for (const { name } of rows) {
      const found = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      dump.set(name, found.rows.map(({ row }) => row).join('\n'));
    }
    return dump;
  } finally {
    await client.end();
  }
}

/** The files below a folder in which one of the words is found. */
export async function filesWith(
  traces: Traces,
  folder: string,
  passOver: (path: string) => boolean = () => false,
): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter(each => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (!passOver(path) && traces.in(await readFile(path)).length > 0) found.push(path);
  }
  return found;
}
