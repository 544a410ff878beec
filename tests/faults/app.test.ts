/** The whole program under load: killed at any moment, with its Postgres and without, and asked to stop. */
import { beforeAll, expect, test } from 'vitest';
import { makeBed, postgresProcesses, type Running, stop } from '../system/support/bed.ts';
import { makeField, ROUNDS, unknowns } from './support/load.ts';

const bed = makeBed();
let app: Running;
let field: Awaited<ReturnType<typeof makeField>>;
/** Tree heads are signed in between. */
const env = { RELATA_HEAD_EVENTS: '100' };
const again = async () => {
  app = await bed.start({ dir: app.dir, env });
};

beforeAll(async () => {
  app = await bed.start({ dir: await bed.folder(), env });
  field = await makeField(bed, () => app);
});

test('kill -9 between append and answer: clients repeat, and what was acknowledged is there once', async () => {
  const journal = await field.survives(async load => {
    for (let round = 0; round < ROUNDS; round++) {
      await load.more(Math.floor(Math.random() * 150));
      // In every other round its Postgres goes with it.
      const postgres = round % 2 === 0 ? [] : postgresProcesses(app.dir);
      app.signal('SIGKILL');
      for (const pid of postgres) process.kill(pid, 'SIGKILL');
      await app.ended;
      await again();
    }
  });
  expect(unknowns(journal).length).toBeGreaterThan(0);
});

test('SIGTERM: what is on its way is answered, nobody is told 5xx, and it goes on where it was', async () => {
  const journal = await field.survives(async load => {
    for (let round = 0; round < ROUNDS; round++) {
      await load.more(50);
      expect(await stop(app)).toMatchObject({ code: 0, err: '' });
      await again();
    }
  });
  // Nothing came back at all: connections were refused, or ended without a request on them.
  expect(unknowns(journal).filter(entry => 'status' in entry)).toEqual([]);
  expect(unknowns(journal).length).toBeGreaterThan(0);
});
