/** `relata start`: brings everything up, says where to go, and stops cleanly on SIGINT and SIGTERM. */
import { parseArgs } from 'node:util';
import { type Instance, startInstance } from '../app/instance.ts';
import { DEFAULT_WORKSPACE } from '../app/owner.ts';
import { type Config, loadConfig } from '../config.ts';
import type { Envelope } from '../eventstore/envelope.ts';
import { isDemo, seedDemo } from '../integrations/demo/seedDemo.ts';
import { aborted } from '../runtime/aborted.ts';
import { abortOnSignals, type CliCommand } from './command.ts';

export const start: CliCommand = {
  kind: 'cliCommand',
  name: 'start',
  usage: '[--demo]',
  summary: 'Start everything on 127.0.0.1; --demo fills a new data folder',
  run: async args => {
    const { values } = parseArgs({ args: [...args], options: { demo: { type: 'boolean' } } });
    const config = loadConfig(process.env);
    const asked = abortOnSignals();
    try {
      return await serve(config, values.demo === true, asked);
    } catch (error) {
      if (error === asked.reason) return 0;
      throw error;
    }
  },
};

/** @throws what ended it: the reason of `asked`, or the failure of a part. */
async function serve(config: Config, demo: boolean, asked: AbortSignal): Promise<never> {
  const development = process.env.NODE_ENV !== 'production';
  const instance = await startInstance({ config, development, signal: asked });
  const failed = new AbortController();
  instance.failed.then(reason => failed.abort(reason));
  const over = AbortSignal.any([asked, failed.signal]);
  try {
    if (demo) await seed(instance, over);
    if (instance.url) greet(instance.url, config.dataDir);
    return await aborted(over);
  } catch (error) {
    const ending = instance.close();
    // What can't be ended because of a failure would hide it; it is logged.
    await (error === asked.reason ? ending : ending.catch(() => undefined));
    throw error;
  }
}

/** Told again it changes nothing, so a first start that was cut short is finished by the next one. */
async function seed({ writeSide, visibility }: Instance, signal: AbortSignal): Promise<void> {
  const { client, dispatch } = writeSide;
  if (!(await isNew(client))) {
    console.log('  This data folder holds data already; --demo fills a new one only.');
    return;
  }
  console.log('  Making up demo data …');
  const { position } = await seedDemo({
    dispatch,
    workspaceId: DEFAULT_WORKSPACE,
    now: new Date(),
    signal,
  });
  if (position !== undefined) await Promise.race([visibility.waitFor(position, 60_000), aborted(signal)]);
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
