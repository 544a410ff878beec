import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createdId } from '../../../src/commands/wish.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { tellDemo } from '../../../src/integrations/demo/seedDemo.ts';

const catalog = await loadCatalog();
const now = new Date('2026-05-04T10:20:30Z');
const demo = (more: { seed?: number; now?: Date } = {}) => tellDemo({ workspaceId: 'test', now, ...more });
const commands = demo().flat(2);
const count = (name: string) => commands.filter(request => request.name === name).length;

test('it is a small company', () => {
  expect(count('registerAccount')).toBe(40);
  expect(count('setAccountParent')).toBe(7);
  expect(count('createContact')).toBe(120);
  expect(count('introduceProduct')).toBe(12);
  expect(count('inviteUser')).toBe(8);
  expect(count('formTeam')).toBe(2);
  expect(count('openOpportunity')).toBe(180);
  expect(count('logActivity') + count('scheduleActivity')).toBe(300);
  for (const name of ['winOpportunity', 'loseOpportunity', 'reopenOpportunity', 'moveOpportunityToStage'])
    expect(count(name)).toBeGreaterThan(5);
});

test('it sells in several currencies, each opportunity in one', () => {
  const used = new Set<string>();
  for (const story of demo().flat()) {
    const own = JSON.stringify(story).match(/"currency":"\w+"/g) ?? [];
    expect(new Set(own).size).toBeLessThan(2);
    if (story[0]?.name === 'openOpportunity') own.forEach(currency => void used.add(currency));
  }
  expect([...used].sort()).toEqual(['"currency":"CHF"', '"currency":"EUR"', '"currency":"GBP"']);
});

test('every command is one that there is, with the input that it takes', () => {
  for (const { name, input } of commands) {
    const command = catalog.commands.get(name);
    const result = z.strictObject(command?.declaration.input ?? {}).safeParse(input);
    expect(result.error?.issues, `${name} ${JSON.stringify(input)}`).toBeUndefined();
  }
});

test('every record that is named is told of in an earlier chapter', () => {
  const known = new Set<string>();
  for (const chapter of demo()) {
    const text = JSON.stringify(chapter.flat().map(({ input }) => input));
    const named = text.match(/"(accountId|parentId|ownerId|pipelineId|productId|leadId)":"([^"]+)"/g) ?? [];
    for (const reference of named) expect(known).toContain(reference.split('"')[3]);
    for (const { name, commandId = '' } of chapter.flat()) {
      const command = catalog.commands.get(name);
      if (command?.declaration.creates) known.add(createdId('test', command.aggregate.category, commandId));
    }
  }
});

describe('for any seed and moment', () => {
  const moment = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
  const setting = fc.record({ seed: fc.integer(), now: moment });

  test('the same comes out again', () => {
    fc.assert(
      fc.property(setting, given => {
        expect(demo(given)).toEqual(demo(given));
      }),
      { numRuns: 10 },
    );
  });

  test('times only move on within a story, and none is still to come', () => {
    fc.assert(
      fc.property(setting, given => {
        for (const story of demo(given).flat()) {
          const times = story.flatMap(({ occurredAt }) => occurredAt ?? []);
          expect(times).toEqual(times.toSorted());
          expect(times.every(time => time <= given.now.toISOString())).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('activities are younger than their opportunity, and what is planned is about open ones', () => {
    fc.assert(
      fc.property(setting, given => {
        const chapters = demo(given);
        const deals = new Map(
          chapters.flat().flatMap(story => {
            const [first] = story;
            return first?.name === 'openOpportunity'
              ? [[createdId('test', 'opportunity', first.commandId ?? ''), story] as const]
              : [];
          }),
        );
        const activities = chapters
          .flat()
          .filter(([first]) => /(log|schedule)Activity/.test(first?.name ?? ''));
        expect(activities).toHaveLength(300);
        for (const activity of activities) {
          const { opportunityId } = z.object({ opportunityId: z.string() }).parse(activity[0]?.input);
          const deal = deals.get(opportunityId) ?? [];
          expect(String(activity[0]?.occurredAt) > String(deal[0]?.occurredAt)).toBe(true);
          const isPlanned = activity.length === 1 && activity[0]?.name === 'scheduleActivity';
          if (isPlanned) expect(deal.at(-1)?.name).not.toMatch(/win|lose/);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('no two commands have one id', () => {
    fc.assert(
      fc.property(setting, given => {
        const ids = demo(given)
          .flat(2)
          .map(({ commandId }) => commandId);
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 10 },
    );
  });
});
