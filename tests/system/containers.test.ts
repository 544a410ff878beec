/** The same on the servers that compose.yaml names, where a Docker engine answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';
import { beforeAll, describe, test } from 'vitest';
import { makeBed } from './support/bed.ts';
import { type Servers, sharesWhatItWrote, splitsItsRoles } from './support/elsewhere.ts';
import { CHECKOUT } from './support/program.ts';

const absent = await getContainerRuntimeClient().then(
  () => undefined,
  () => 'skipped: no Docker engine answers here',
);

describe.skipIf(absent)(`on the images of compose.yaml${absent ? ` (${absent})` : ''}`, () => {
  const bed = makeBed();
  let servers: Servers;

  beforeAll(async () => {
    const [eventStore, postgres] = await Promise.all([startEventStore(), startPostgres()]);
    bed.atEnd(() => Promise.all([eventStore.stop(), postgres.stop()]));
    servers = {
      eventStoreUrl: `esdb://${eventStore.getHost()}:${eventStore.getMappedPort(2113)}?tls=false`,
      postgresUrl: `postgres://relata:relata@${postgres.getHost()}:${postgres.getMappedPort(5432)}/relata`,
    };
  }, 300_000);

  test('roles in processes of their own, of which one takes over from another', () =>
    splitsItsRoles(bed, servers));
  test('several instances show what each has written', () => sharesWhatItWrote(bed, servers));
});

const compose = readFileSync(join(CHECKOUT, 'compose.yaml'), 'utf8');

/** `image` and `environment` of a service: plain lines of `name: value`. */
function service(name: string): { image: string; environment: Record<string, string> } {
  const text = compose.split(`\n  ${name}:\n`)[1]?.split(/\n {0,2}\w/)[0] ?? '';
  const image = /image: (\S+)/.exec(text)?.[1];
  if (!image) throw new Error(`compose.yaml has no image for ${name}`);
  const environment = [...text.matchAll(/^ {6}([A-Z_]+): "?(.*?)"?$/gm)].map(
    ([, key = '', value = '']) => [key, value] as const,
  );
  return { image, environment: Object.fromEntries(environment) };
}

const startEventStore = () => {
  const { image, environment } = service('eventstore');
  return new GenericContainer(image)
    .withEnvironment(environment)
    .withExposedPorts(2113)
    .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204))
    .start();
};

const startPostgres = () => {
  const { image, environment } = service('postgres');
  return new GenericContainer(image)
    .withEnvironment(environment)
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
};
