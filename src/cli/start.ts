/** `relata start`: brings everything up, says where to go, and stops cleanly on SIGINT and SIGTERM. */
import { parseArgs } from 'node:util';
import { type Instance, startInstance } from '../app/instance.ts';
import { DEFAULT_WORKSPACE } from '../app/owner.ts';
import { loadConfig } from '../config.ts';
import type { Envelope } from '../eventstore/envelope.ts';
import { isDemo, seedDemo } from '../integrations/demo/seedDemo.ts';
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
    const instance = await startInstance({ config, development });
    instance.failed.then(stopped.resolve);
    try {
      if (values.demo) await seed(instance);
      if (instance.url) greet(instance.url, config.dataDir);
      const failure = await stopped.promise;
      if (failure) throw failure;
    } finally {
      await instance.close();
    }
    return 0;
  },
};

/** Told again it changes nothing, so a first start that was cut short is finished by the next one. */
async function seed({ writeSide, visibility }: Instance): Promise<void> {
  const { client, dispatch } = writeSide;
  if (!(await isNew(client))) {
    console.log('  This data folder holds data already; --demo fills a new one only.');
    return;
  }
  console.log('  Making up demo data …');
  const { position } = await seedDemo({ dispatch, workspaceId: DEFAULT_WORKSPACE, now: new Date() });
  if (position !== undefined) await visibility.waitFor(position, 60_000);
}

/** Nothing of ours is in the log, or the demo's own beginning is the first of it. */
async function isNew(client: Instance['writeSide']['client']): Promise<boolean> {
  const begin = await Array.fromAsync(
    client.readAll({ direction: 'forwards', fromPosition: 'start', maxCount: 100 }),
  );
  const first = begin.find(({ event }) => event && !event.type.startsWith('$'))?.event;
  return first === undefined || isDemo((first.metadata as Partial<Envelope> | undefined)?.actor);
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
