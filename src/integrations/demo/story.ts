/** What demo data are told in: the commands of one record in their order, with ids that follow from the seed. */
import { type CommandRequest, createdId } from '../../commands/wish.ts';
import type { Id } from '../../domain/kernel/values.ts';
import { idFrom } from '../../eventstore/hash.ts';
import type { Random } from './random.ts';

/** Told one after the other; stories of one chapter are told side by side. */
export type Story = readonly CommandRequest[];

/** What all stories of a demo share. */
export type Setting = {
  readonly random: Random;
  /** The start of today in UTC: what has happened, happened before. */
  readonly today: Date;
  readonly ids: Ids;
};

export type Ids = {
  /** The nth record of a category. */
  readonly record: (category: string, n: number) => Id;
  readonly command: (category: string, n: number, step: string) => Id;
  /** A part with a name of its own, such as a stage. */
  readonly part: (name: string) => Id;
};

export function createIds(workspaceId: string, seed: number): Ids {
  const command: Ids['command'] = (category, n, step) =>
    idFrom(JSON.stringify([workspaceId, 'demo', seed, category, n, step]));
  return {
    command,
    record: (category, n) => createdId(workspaceId, category, command(category, n, 'begin')),
    part: name => idFrom(JSON.stringify([workspaceId, 'demo', seed, name])),
  };
}

export type Told = { readonly name: string; readonly input: object; readonly at?: Date };

/** The story of the nth record of a category: the first command creates it, the others follow. */
export function storyOf({ ids }: Setting, category: string, n: number, told: readonly Told[]): Story {
  return told.map(({ name, input, at }, i) => ({
    name,
    input,
    commandId: ids.command(category, n, i === 0 ? 'begin' : String(i)),
    ...(i > 0 && { id: ids.record(category, n) }),
    ...(at && { occurredAt: at.toISOString() }),
  }));
}

const DAY_MS = 86_400_000;

/** A moment of that many days before (negative: after) today, within working hours. */
export function daysAgo({ today, random }: Setting, days: number): Date {
  const day = new Date(today.getTime() - days * DAY_MS);
  const minutes = random.int(8 * 60, 17 * 60 - 1);
  return new Date(day.getTime() + minutes * 60_000);
}

export const laterBy = (time: Date, ms: number): Date => new Date(time.getTime() + ms);
export const onDay = (time: Date): string => time.toISOString().slice(0, 10);
