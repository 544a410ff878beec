/** Files of any length to import, and their plan: accounts, agents, and opportunities of which most are closed. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PLAN } from './importPlan.ts';
import { seeded } from './random.ts';

export type ImportFiles = { readonly plan: string; readonly folder: string };

const ACCOUNTS = 500;
const AGENTS = 30;
const OUTCOMES = ['Engaging', 'Engaging', 'Won', 'Won', 'Lost'] as const;
const FIRST_DAY = Date.parse('2022-01-03T00:00:00Z');
const DAYS = 900;

/** @param rows how many opportunities. */
export async function writeImportFiles(folder: string, rows: number): Promise<ImportFiles> {
  await mkdir(folder);
  const plan = join(folder, 'plan.json');
  await writeFile(plan, JSON.stringify(PLAN));
  await writeFile(join(folder, 'accounts.csv'), accountLines());
  await writeFile(join(folder, 'agents.csv'), agentLines());
  await writeFile(join(folder, 'opportunities.csv'), opportunityLines(rows));
  return { plan, folder };
}

function* accountLines(): Generator<string> {
  yield 'account,sector,employees\n';
  for (let i = 0; i < ACCOUNTS; i++) yield `${accountName(i)},logistics,${20 + i}\n`;
}

function* agentLines(): Generator<string> {
  yield 'agent\n';
  for (let i = 0; i < AGENTS; i++) yield `${agentName(i)}\n`;
}

export function* opportunityLines(rows: number): Generator<string> {
  const random = seeded(rows);
  yield 'number,agent,account,state,opened_on,closed_on,value\n';
  for (let i = 0; i < rows; i++) {
    const state = random.pick(OUTCOMES);
    const opened = random.below(DAYS);
    const closed = state === 'Engaging' ? '' : day(opened + 1 + random.below(90));
    const cells = [
      `O-${i}`,
      agentName(random.below(AGENTS)),
      accountName(random.below(ACCOUNTS)),
      state,
      day(opened),
      closed,
      100 + random.below(90_000),
    ];
    yield `${cells.join()}\n`;
  }
}

const accountName = (i: number) => `Account ${i}`;
const agentName = (i: number) => `Agent ${i}`;
const day = (i: number) => new Date(FIRST_DAY + i * 86_400_000).toISOString().slice(0, 10);
