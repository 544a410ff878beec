/** `relata schema`: prints the GraphQL schema, or writes it to `schema.graphql` as it is committed. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { printedSchema } from '../api/schema/schema.ts';
import type { CliCommand } from './command.ts';

export const schema: CliCommand = {
  kind: 'cliCommand',
  name: 'schema',
  usage: '[--write]',
  summary: 'Print the GraphQL schema, or write it to schema.graphql',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { write: { type: 'boolean' } } });
    const text = await printedSchema();
    if (values.write) await writeFile(new URL('../../schema.graphql', import.meta.url), text);
    else process.stdout.write(text);
    return 0;
  },
};
