/** `relata schema`: prints the GraphQL schema, or writes all that is made of the declarations as it is committed. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { errorsPage } from '../api/errors.ts';
import { catalogueFiles } from '../api/events/cataloguePages.ts';
import { printedSchema } from '../api/schema/schema.ts';
import { loadCatalog } from '../eventstore/catalog.ts';
import { loadReadModels } from '../projections/catalog.ts';
import { brokenPromises, viewsPage } from '../projections/viewsPage.ts';
import type { CliCommand } from './command.ts';

export const schema: CliCommand = {
  kind: 'cliCommand',
  name: 'schema',
  usage: '[--write]',
  summary: 'Print the GraphQL schema, or write schema.graphql, docs/errors.md, docs/views.md and docs/events',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { write: { type: 'boolean' } } });
    const text = await printedSchema();
    if (!values.write) process.stdout.write(text);
    else {
      await writeViews(new URL('../../docs/views.md', import.meta.url));
      await writeFile(new URL('../../schema.graphql', import.meta.url), text);
      await writeFile(new URL('../../docs/errors.md', import.meta.url), errorsPage());
      await writeCatalogue(new URL('../../docs/events/', import.meta.url));
    }
    return 0;
  },
};

/** Analysts build upon what it says. @throws when it would take something back. */
async function writeViews(file: URL): Promise<void> {
  const models = await loadReadModels();
  const broken = brokenPromises(await readFile(file, 'utf8'), models);
  if (broken.length > 0)
    throw new Error(
      `views would lose ${broken.join(', ')}: keep each column, by \`retired\` in the read model's declaration if rows have it no longer`,
    );
  await writeFile(file, viewsPage(models));
}

/** Anew: a file of what is no longer declared would stay. */
async function writeCatalogue(folder: URL): Promise<void> {
  const files = catalogueFiles(await loadCatalog());
  await rm(folder, { recursive: true, force: true });
  await mkdir(new URL('schemas/', folder), { recursive: true });
  for (const [name, text] of files) await writeFile(new URL(name, folder), text);
}
