/** The line that says how far builds are. */
import { expect, test } from 'vitest';
import { lineOf } from '../../../src/cli/rebuild.ts';
import type { BuildProgress } from '../../../src/projections/engine/buildRequests.ts';

const build = (model: string, position: bigint, more: Partial<BuildProgress> = {}): BuildProgress => ({
  model,
  state: 'building',
  position,
  handled: Number(position),
  parked: 0,
  ...more,
});
const line = (seconds: number, ...builds: readonly BuildProgress[]) =>
  lineOf({ builds, end: 100_000n, isProjected: true }, seconds);

test.each([
  ['before anything is stored', line(2, build('accounts', -1n)), 'accounts: 0 %, begins'],
  [
    'by the slowest',
    line(5, build('a', 50_000n), build('b', 25_000n)),
    'a, b: 25 %, 5,000 events/s, 15 s left',
  ],
  [
    'of those that are not shown',
    line(5, build('a', 50_000n), build('b', 0n, { state: 'shown' })),
    'a: 50 %, 10,000 events/s, 5 s left',
  ],
  ['when all are', line(5, build('a', 0n, { state: 'shown' })), ''],
])('%s', (_, said, expected) => expect(said).toBe(expected));
