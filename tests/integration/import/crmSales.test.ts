import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dispatch } from '../../../src/commands/dispatch.ts';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { readPlan } from '../../../src/integrations/import/readPlan.ts';
import { runImport } from '../../../src/integrations/import/runImport.ts';
import { type Summary, total } from '../../../src/integrations/import/summary.ts';
import { openWorld, type ReportLine, readReport, type World } from './support.ts';

const DATA = fileURLToPath(new URL('../../../../shared/data/crm-sales', import.meta.url));
const PLAN = fileURLToPath(new URL('../../../examples/crm-sales/plan.json', import.meta.url));
const isThere = existsSync(DATA);
const WORKSPACE = 'crm';

// The set is published elsewhere and no part of the project: examples/crm-sales/README.md says where to get it.
describe.skipIf(!isThere)(`crm-sales${isThere ? '' : ` (skipped: ${DATA} is not there)`}`, () => {
  let world: World;
  let events: readonly RecordedEvent[];
  let summary: Summary;
  let again: Summary;
  let report: readonly ReportLine[];

  beforeAll(async () => {
    world = await openWorld();
    const reportFile = join(tmpdir(), `relata-crm-sales-${process.pid}.csv`);
    const run = async (dispatches?: number) => {
      const { dispatch, streams } = world.writeSide();
      let sent = 0;
      const error = { kind: 'UNAVAILABLE', code: 'UNAVAILABLE', message: 'gone' } as const;
      const limited: Dispatch = async (request, context) =>
        dispatches !== undefined && ++sent > dispatches ? { ok: false, error } : dispatch(request, context);
      return runImport({
        plan: await readPlan(PLAN),
        folder: DATA,
        catalog: world.catalog,
        connect: async () => ({ dispatch: limited, streams }),
        workspaceId: WORKSPACE,
        now: () => new Date(),
        reportFile,
      });
    };
    await expect(run(4_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    summary = await run();
    report = await readReport(reportFile);
    events = await world.events(WORKSPACE);
    again = await run();
    await rm(reportFile, { force: true });
  }, 240_000);
  afterAll(() => world?.close());

  const of = (type: string) => events.filter(event => event.type === type);
  const amountOf = ({ data }: RecordedEvent) => Number((data.amount as { amount: string }).amount);
  const sum = (list: readonly RecordedEvent[]) => list.reduce((all, event) => all + amountOf(event), 0);

  test('every row is accounted for, also after an interruption', () => {
    expect(summary.passes.map(({ title, rows, rejected }) => [title, rows, rejected])).toEqual([
      ['Pipeline', 1, 0],
      ['Accounts', 85, 0],
      ['Parents of accounts', 85, 0],
      ['Products', 7, 0],
      ['Managers', 35, 0],
      ['Teams', 35, 0],
      ['Agents', 35, 0],
      ['Opportunities', 8800, 0],
    ]);
    for (const { rows, imported, unchanged, rejected, idle } of summary.passes)
      expect(imported + unchanged + rejected + idle).toBe(rows);
  });

  test('the records are those of the files', () => {
    expect(of('AccountRegistered')).toHaveLength(85);
    expect(of('AccountParentSet')).toHaveLength(15);
    expect(of('ProductIntroduced')).toHaveLength(7);
    expect(of('UserInvited')).toHaveLength(41);
    expect(of('TeamFormed')).toHaveLength(6);
    const members = of('TeamMembersChanged').flatMap(({ data }) => data.added as string[]);
    expect(new Set(members).size).toBe(35);
    expect(of('OpportunityOpened')).toHaveLength(8800);
    const acme = of('AccountRegistered').find(({ data }) => data.name === 'Acme Corporation');
    expect(acme?.data).toMatchObject({
      industry: 'technology',
      foundedYear: 1996,
      employees: 2822,
      annualRevenue: { amount: '1100040000.00', currency: 'USD' },
      addresses: [{ kind: 'office', country: 'United States' }],
      tags: ['crm-sales'],
    });
  });

  test('the outcomes are those of the files', () => {
    expect(of('OpportunityWon')).toHaveLength(4238);
    expect(sum(of('OpportunityWon'))).toBe(10_005_534);
    expect(of('OpportunityLost')).toHaveLength(2473);
    const stages = of('PipelineDefined')[0]?.data.stages as { stageId: string; name: string }[];
    const closed = new Set(
      [...of('OpportunityWon'), ...of('OpportunityLost')].map(event => event.aggregateId),
    );
    const open = of('OpportunityOpened').filter(event => !closed.has(event.aggregateId));
    const inStage = (name: string) =>
      open.filter(({ data }) => data.stageId === stages.find(stage => stage.name === name)?.stageId);
    expect([inStage('Engaging').length, inStage('Prospecting').length]).toEqual([1589, 500]);
  });

  test.each([
    ['2017-03-31', 1330, 531, 116],
    ['2017-06-30', 1686, 1785, 894],
    ['2017-09-30', 2409, 3042, 1684],
  ])('at the end of %s', (day, engaging, won, lost) => {
    const by = (type: string) => of(type).filter(event => event.occurredAt <= `${day}T23:59:59.999Z`).length;
    const counts = [by('OpportunityWon'), by('OpportunityLost')] as const;
    expect([by('OpportunityOpened') - counts[0] - counts[1], ...counts]).toEqual([engaging, won, lost]);
  });

  test('what was won by quarter, and by the best agent', () => {
    const won = of('OpportunityWon');
    const quarters = ['01', '04', '07', '10'].map((_, i) =>
      sum(won.filter(({ data }) => Math.ceil(Number(String(data.closedOn).slice(5, 7)) / 3) === i + 1)),
    );
    expect(quarters).toEqual([1_134_672, 3_086_111, 2_982_255, 2_802_496]);
    const best = of('UserInvited').find(({ data }) => data.name === 'Darcel Schlecht')?.aggregateId;
    const own = new Set(
      of('OpportunityOpened')
        .filter(({ data }) => data.ownerId === best)
        .map(event => event.aggregateId),
    );
    expect(sum(won.filter(event => own.has(event.aggregateId)))).toBe(1_153_214);
  });

  test('what was repaired is named row by row', () => {
    const lines = (column: string, code: string) =>
      report.filter(line => line.column === column && line.code === code);
    expect(new Set(lines('product', 'ALIAS').map(({ row }) => row)).size).toBe(1480);
    expect(new Set(lines('account', 'EMPTY').map(({ row }) => row)).size).toBe(1425);
    expect(lines('sector', 'ALIAS')).toHaveLength(12);
    expect(report.every(({ outcome }) => outcome === 'repaired')).toBe(true);
  });

  test('again, it changes nothing', async () => {
    expect([total(again.passes, 'imported'), total(again.passes, 'rejected')]).toEqual([0, 0]);
    expect(await world.events(WORKSPACE)).toHaveLength(events.length);
    expect(again.position).toBe(events.at(-1)?.position);
  });
});
