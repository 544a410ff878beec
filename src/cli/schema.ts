/** `relata schema`: prints the GraphQL schema, or writes it and the page of errors as they are committed. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { errorsPage } from '../api/errors.ts';
import { printedSchema } from '../api/schema/schema.ts';
import type { CliCommand } from './command.ts';

export const schema: CliCommand = {
  kind: 'cliCommand',
  name: 'schema',
  usage: '[--write]',
  summary: 'Print the GraphQL schema, or write it to schema.graphql, and its errors to docs/errors.md',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { write: { type: 'boolean' } } });
    const text = await printedSchema();
    if (!values.write) process.stdout.write(text);
    else {
      await writeFile(new URL('../../schema.graphql', import.meta.url), text);
      await writeFile(new URL('../../docs/errors.md', import.meta.url), errorsPage());
    }
    return 0;
  },
};
