import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedDemo } from '../../../src/integrations/demo/seedDemo.ts';
import { openWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('the demo breaks no rule, and told again it changes nothing', async () => {
  const now = new Date();
  const tell = (time: Date) =>
    seedDemo({ dispatch: world.writeSide().dispatch, workspaceId: 'demo', now: time });
  const first = await tell(now);
  expect(first.appended).toBe(first.commands);
  expect(await tell(now)).toEqual({ ...first, appended: 0 });

  const events = await world.events('demo');
  expect(first.position).toBe(events.at(-1)?.position);
  const dayBefore = new Date(now.getTime() - 86_400_000);
  expect((await tell(dayBefore)).appended).toBe(0);
});
