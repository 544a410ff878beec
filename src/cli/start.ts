/** `relata start`: brings everything up, says where to go, and stops cleanly on SIGINT and SIGTERM. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startInstance } from '../app/instance.ts';
import { DEFAULT_WORKSPACE } from '../app/owner.ts';
import { loadConfig } from '../config.ts';
import { seedDemo } from '../integrations/demo/seedDemo.ts';
import type { CliCommand } from './command.ts';

export const start: CliCommand = {
  kind: 'cliCommand',
  name: 'start',
  usage: '[--demo]',
  summary: 'Start everything on 127.0.0.1; --demo fills a new data folder',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { demo: { type: 'boolean' } } });
    const config = loadConfig(process.env);
    const stopped = Promise.withResolvers<Error | undefined>();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.resolve(undefined));

    const development = process.env.NODE_ENV !== 'production';
    const instance = await startInstance({ config, appVersion: await appVersion(), development });
    instance.failed.then(stopped.resolve);
    try {
      if (values.demo) await seed(instance.writeSide.dispatch);
      if (instance.url) greet(instance.url, config.dataDir);
      const failure = await stopped.promise;
      if (failure) throw failure;
    } finally {
      await instance.close();
    }
    return 0;
  },
};

async function seed(dispatch: Parameters<typeof seedDemo>[0]['dispatch']): Promise<void> {
  await seedDemo({ dispatch, workspaceId: DEFAULT_WORKSPACE, now: new Date(), seed: 1 });
}

function greet(url: string, dataDir: string): void {
  console.log(`
  Relata is ready.

    Home      ${url}
    GraphQL   ${url}/graphql   (try it at ${url}/altair)
    Data      ${dataDir}

  Ctrl-C stops it.
`);
}

async function appVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
