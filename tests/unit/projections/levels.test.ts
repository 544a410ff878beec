import { describe, expect, test } from 'vitest';
import type { Build } from '../../../src/projections/engine/builds.ts';
import { type LiveGroup, memberOf, mutex } from '../../../src/projections/engine/group.ts';
import { clockPoint, levelsOf, visiblePositionOf } from '../../../src/projections/engine/levels.ts';
import { schemaName } from '../../../src/projections/engine/sqlNames.ts';
import { fingerprintOf } from '../../../src/projections/engine/tables.ts';
import { thingFacts, thingParts, things } from '../../integration/projections/models.ts';

const models = [things, thingParts, thingFacts];
const point = (commit: bigint) => ({ commit, prepare: commit, eventId: String(commit) });

const build = (model: (typeof models)[number], at: bigint | undefined, more: Partial<Build> = {}): Build => ({
  model: model.name,
  version: model.version,
  build: 1,
  schema: schemaName(model.name, model.version, more.build ?? 1),
  status: 'active',
  point: at === undefined ? undefined : point(at),
  fingerprint: fingerprintOf(model),
  indexed: true,
  wasShown: true,
  ...more,
});
const clock = (at: bigint | undefined) =>
  build(things, at, { model: 'logClock', schema: 'relata', fingerprint: '' });

const live = (builds: readonly Build[]): LiveGroup => ({
  members: builds.map(each => memberOf(models.find(({ name }) => name === each.model) ?? things, each, 3)),
  point: undefined,
  folded: undefined,
  clock: { maximum: undefined, stored: undefined },
  caughtUp: true,
  session: undefined as never, // nothing is asked of it
  exclusive: mutex(),
});

describe('levels', () => {
  test('are of builds at one place, those that have read nothing too', () => {
    const levels = levelsOf(
      [
        build(things, 7n),
        build(things, undefined, { build: 2, status: 'building' }),
        build(thingParts, 7n),
        build(thingFacts, undefined),
        clock(7n),
      ],
      models,
    );
    expect(levels.map(({ point: at, members }) => [at?.commit, members.map(m => m.build.schema)])).toEqual([
      [7n, ['things_v1_b1', 'thing_parts_v1_b1']],
      [undefined, ['things_v1_b2', 'thing_facts_v1_b1']],
    ]);
  });

  test('leave out what this Relata can’t fold', () => {
    const builds = [
      build(things, 7n, { version: 2 }),
      build(thingParts, 7n, { fingerprint: 'other' }),
      build(thingFacts, 7n, { status: 'retired' }),
      build(things, 7n, { model: 'undeclared' }),
    ];
    expect(levelsOf(builds, models)).toEqual([]);
  });

  test('the live one is where the log’s clock is', () => {
    expect([clockPoint([build(things, 3n), clock(7n)]), clockPoint([clock(undefined)])]).toEqual([
      point(7n),
      undefined,
    ]);
    expect(() => clockPoint([])).toThrow(/no row for the log’s clock/);
  });
});

describe('what readers see', () => {
  const shown = [build(things, 7n), build(thingParts, 7n)];

  test('is up to where the live group is', () => {
    expect(visiblePositionOf(live(shown), [...shown, clock(7n)], 9n)).toBe(9n);
  });

  test('ends where a build stays behind that nothing folds any more', () => {
    const old = build(thingFacts, 4n, { version: 0 });
    expect(visiblePositionOf(live(shown), [...shown, old, clock(7n)], 9n)).toBe(4n);
    expect(visiblePositionOf(live(shown), [...shown, { ...old, point: undefined }], 9n)).toBe(-1n);
  });

  test('ends there also while its successor is level and not shown yet', () => {
    const old = build(thingFacts, 4n, { version: 0 });
    const next = build(thingFacts, 7n, { build: 2, status: 'building' });
    const group = live([...shown, next]);
    expect(visiblePositionOf(group, [...shown, old, next], 9n)).toBe(4n);
    for (const member of group.members) member.shown = true;
    expect(visiblePositionOf(group, [...shown, old, next], 9n)).toBe(9n);
  });
});
