/** What is published stands as it is made: nobody edits it by hand, and nobody forgets to make it anew. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { errorsPage } from '../../../src/api/errors.ts';
import { RULES } from '../../../src/api/rules.ts';
import { printedSchema } from '../../../src/api/schema/schema.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import { viewsPage } from '../../../src/projections/viewsPage.ts';

const root = new URL('../../../', import.meta.url);
const contentOf = (file: string) => readFile(new URL(file, root), 'utf8');
const MAKE = 'run `npm run relata -- schema --write` and look at what has changed';

test('schema.graphql is the schema', async () => {
  expect(await contentOf('schema.graphql'), MAKE).toBe(await printedSchema());
});

test('docs/views.md lists what analysts may build upon', async () => {
  expect(await contentOf('docs/views.md'), MAKE).toBe(viewsPage(await loadReadModels()));
});

test('docs/errors.md lists the errors', async () => {
  expect(await contentOf('docs/errors.md'), MAKE).toBe(errorsPage());
});

describe('every rule is published', () => {
  /** Codes with a meaning of their own in the list of errors. */
  const KINDS = new Set(['NOT_FOUND', 'STALE']);
  /** Their commands are sent by Relata itself, which answers for them. */
  const INTERNAL = new Set(['reservation', 'signingKey', 'treeHead'].map(name => `domain/shared/${name}.ts`));

  const rejected = async (): Promise<ReadonlySet<string>> => {
    const codes = new Set<string>();
    for (const folder of ['domain', 'commands'])
      for (const file of await readdir(new URL(`src/${folder}/`, root), { recursive: true })) {
        if (!file.endsWith('.ts') || INTERNAL.has(`${folder}/${file}`)) continue;
        const source = await contentOf(`src/${folder}/${file}`);
        for (const [, code = ''] of source.matchAll(/\breject\(\s*'([^']+)'/g)) codes.add(code);
      }
    const { aggregates } = await loadCatalog();
    for (const { unique } of aggregates.values())
      for (const { code } of Object.values(unique)) codes.add(code);
    return codes;
  };

  test('and no other, in the order of the alphabet', async () => {
    const codes = [...(await rejected())].filter(code => !KINDS.has(code)).sort();
    expect(codes.length).toBeGreaterThan(20);
    expect(Object.keys(RULES)).toEqual(codes);
  });

  test('no code comes from anything but a literal', async () => {
    for (const folder of ['domain', 'commands'])
      for (const file of await readdir(new URL(`src/${folder}/`, root), { recursive: true })) {
        if (!file.endsWith('.ts')) continue;
        const calls = (await contentOf(`src/${folder}/${file}`)).matchAll(
          /(?<!const )\breject\(\s*([^'\s][^,)]*)/g,
        );
        // The one of `Unique` declarations, which the catalogue has.
        for (const [, argument] of calls) expect(argument, file).toMatch(/^(value\.unique\.code|code)$/);
      }
  });
});
