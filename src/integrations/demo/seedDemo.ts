/**
 * Demo data: a small company's past fourteen months, made up from a seed and told through commands. The same seed on
 * the same day tells the same again, which changes nothing; on another day, what is there already is left alone.
 */
import type { Dispatch } from '../../commands/dispatch.ts';
import { inOrder } from '../../commands/inOrder.ts';
import type { CommandContext } from '../../commands/wish.ts';
import type { Actor, Position } from '../../eventstore/envelope.ts';
import { inventCustomers, tellAccounts, tellContacts, tellTree } from './customers.ts';
import { firstWinsOf, inventDeals, tellDeals } from './deals.ts';
import { tellActivities } from './diary.ts';
import { tellDefaultPipeline, tellPipeline, tellProducts, tellTeams, tellUsers } from './house.ts';
import { createRandom } from './random.ts';
import { createIds, type Setting, type Story } from './story.ts';

export type DemoOptions = {
  readonly dispatch: Dispatch;
  readonly workspaceId: string;
  readonly now: Date;
  readonly seed?: number;
  /** Stops after the stories that are being told, with its reason. */
  readonly signal?: AbortSignal;
};

type DemoResult = {
  readonly commands: number;
  /** Events that are new: 0 when the demo had been told before. */
  readonly appended: number;
  /** Of the last event that it knows of: what read models are to have passed. */
  readonly position: Position | undefined;
};

const SEED = 2017;
const STORIES_AT_ONCE = 32;
const ACTOR = { type: 'process', id: 'demo' } as const;

/** Whether an event's actor is the demo. */
export const isDemo = (actor: Actor | undefined): boolean =>
  actor?.type === ACTOR.type && actor.id === ACTOR.id;

/** @throws Error when a command is refused: demo data that break a rule are a mistake of ours. */
export async function seedDemo({
  dispatch,
  workspaceId,
  now,
  seed = SEED,
  signal,
}: DemoOptions): Promise<DemoResult> {
  const context = { workspaceId, actor: ACTOR };
  const result: { -readonly [K in keyof DemoResult]: DemoResult[K] } = {
    commands: 0,
    appended: 0,
    position: undefined,
  };
  for (const chapter of tellDemo({ workspaceId, now, seed }))
    for await (const told of inOrder(chapter, STORIES_AT_ONCE, story => tell(story, dispatch, context))) {
      signal?.throwIfAborted();
      result.commands += told.commands;
      result.appended += told.appended;
      if (told.position !== undefined && (result.position === undefined || told.position > result.position))
        result.position = told.position;
    }
  return result;
}

/** All stories, in chapters that rest on the ones before. */
export function tellDemo({
  workspaceId,
  now,
  seed = SEED,
}: Omit<DemoOptions, 'dispatch' | 'signal'>): readonly Story[][] {
  const today = new Date(now.toISOString().slice(0, 10));
  const setting: Setting = { today, random: createRandom(seed), ids: createIds(workspaceId, seed) };
  const customers = inventCustomers(setting);
  const deals = inventDeals(setting, customers);
  return [
    [...tellUsers(setting), ...tellPipeline(setting)],
    [...tellTeams(setting), ...tellProducts(setting), ...tellDefaultPipeline(setting)],
    tellAccounts(setting, customers, firstWinsOf(deals)),
    [...tellTree(setting), ...tellContacts(setting, customers)],
    tellDeals(setting, deals),
    tellActivities(setting, deals),
  ];
}

async function tell(story: Story, dispatch: Dispatch, context: CommandContext): Promise<DemoResult> {
  let [commands, appended] = [0, 0];
  let position: Position | undefined;
  for (const request of story) {
    const result = await dispatch(request, context);
    if (!result.ok) {
      if (result.error.kind === 'COMMAND_ID_REUSED') break; // told on another day, with that day's dates
      throw new Error(`demo data: ${request.name} was refused: ${result.error.message}`);
    }
    commands += 1;
    appended += result.appended;
    position = result.position;
  }
  return { commands, appended, position };
}
