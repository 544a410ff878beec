/** Forming groups: which builds this Relata folds, and which of them are level. */
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { type Build, CLOCK, isWanted } from './builds.ts';
import { type LiveGroup, type Member, memberOf } from './group.ts';
import type { ParkedBySchema } from './parkedTable.ts';
import { BEFORE_ALL, comparePoints, type LogPoint } from './source.ts';

/** Builds that stand at one place. */
export type Level = { readonly point: LogPoint | undefined; readonly members: readonly Member[] };

/** The place of the live group is that of the log's clock. */
export function clockPoint(builds: readonly Build[]): LogPoint | undefined {
  const clock = builds.find(({ model }) => model === CLOCK);
  if (!clock) throw new Error('relata.builds has no row for the log’s clock');
  return clock.point;
}

/** The builds that the declarations can fold, those at the same place together. */
export function levelsOf(
  builds: readonly Build[],
  models: readonly ReadModel[],
  parked: ParkedBySchema = new Map(),
): readonly Level[] {
  const levels: { point: LogPoint | undefined; members: Member[] }[] = [];
  for (const build of builds) {
    const model = models.find(({ name }) => name === build.model);
    if (!model || !isWanted(build, model)) continue;
    const member = memberOf(model, build, models.length, parked.get(build.schema));
    const level = levels.find(({ point }) => comparePoints(point, build.point) === 0);
    if (level) level.members.push(member);
    else levels.push({ point: build.point, members: [member] });
  }
  return levels;
}

/**
 * Up to where readers see everything: the live group's place, unless an active build stands behind it. Such a one is of
 * an older version that nothing here can fold any more, and is shown as it is until the new one replaces it.
 */
export function visiblePositionOf(live: LiveGroup, builds: readonly Build[], commit: Position): Position {
  const followed = new Set(live.members.filter(({ shown }) => shown).map(({ model }) => model.name));
  const behind = builds
    .filter(({ status, model }) => status === 'active' && model !== CLOCK && !followed.has(model))
    .map(({ point }) => (point ?? BEFORE_ALL).commit);
  return behind.reduce((least, each) => (each < least ? each : least), commit);
}
