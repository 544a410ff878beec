import { expect, test } from 'vitest';
import { sightings } from '../../../bench/support/sightings.ts';

test('a change is seen by whoever is told of its position or of a later one, first', async () => {
  const { saw, of } = sightings();
  const [second, third] = [of('a', 2n), of('a', 3n)];
  saw('a', { position: 1n, at: 10 });
  saw('b', { position: 9n, at: 15 });
  saw('a', { position: 2n, at: 20 });
  saw('a', { position: 4n, at: 40 });
  saw('a', { position: 5n, at: 50 });
  expect(await Promise.all([second, third])).toEqual([20, 40]);
});

test('also when it was told before its position is known', async () => {
  const { saw, of } = sightings();
  saw('a', { position: 1n, at: 10 });
  saw('a', { position: 3n, at: 30 });
  expect(await Promise.all([of('a', 1n), of('a', 2n)])).toEqual([10, 30]);
});
