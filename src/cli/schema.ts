/** `relata schema`: prints the GraphQL schema, or writes all that is made of the declarations as it is committed. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { errorsPage } from '../api/errors.ts';
import { catalogueFiles } from '../api/events/cataloguePages.ts';
import { printedSchema } from '../api/schema/schema.ts';
import { loadCatalog } from '../eventstore/catalog.ts';
import type { CliCommand } from './command.ts';

export const schema: CliCommand = {
  kind: 'cliCommand',
  name: 'schema',
  usage: '[--write]',
  summary: 'Print the GraphQL schema, or write schema.graphql, docs/errors.md and docs/events',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { write: { type: 'boolean' } } });
    const text = await printedSchema();
    if (!values.write) process.stdout.write(text);
    else {
      await writeFile(new URL('../../schema.graphql', import.meta.url), text);
      await writeFile(new URL('../../docs/errors.md', import.meta.url), errorsPage());
      await writeCatalogue(new URL('../../docs/events/', import.meta.url));
    }
    return 0;
  },
};

/** Anew: a file of what is no longer declared would stay. */
async function writeCatalogue(folder: URL): Promise<void> {
  const files = catalogueFiles(await loadCatalog());
  await rm(folder, { recursive: true, force: true });
  await mkdir(new URL('schemas/', folder), { recursive: true });
  for (const [name, text] of files) await writeFile(new URL(name, folder), text);
}
