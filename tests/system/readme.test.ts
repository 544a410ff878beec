/** The README's tour, typed in as a newcomer does: what it shows works, and the figures that it names come out. */
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadCliCommands } from '../../src/cli/command.ts';
import { makeBed, type Running, settings } from './support/bed.ts';
import { type Answer, ask } from './support/graphql.ts';
import { CHECKOUT, type Ended, run } from './support/program.ts';
import { type Example, examples, numbersIn, sentenceWith, shellLines } from './support/readme.ts';

const DATA = join(CHECKOUT, '../shared/data/crm-sales');
/** The set is published elsewhere and no part of the project: examples/crm-sales/README.md says where to get it. */
const absent = existsSync(DATA) ? undefined : `skipped: ${DATA} is not there`;

const bed = makeBed();
let app: Running;
/** Where the lines are typed. */
let caller: string;
const answers = new Map<string, Answer>();
const variables: Record<string, unknown> = {};
const typed: Ended[] = [];

beforeAll(async () => {
  app = await bed.start({ dir: await bed.folder(), args: ['--demo'] });
  caller = await bed.folder();
  await symlink(join(CHECKOUT, 'examples'), join(caller, 'examples'));
  if (absent) return;
  for (const line of shellLines.filter(each => each.includes('-- import')))
    typed.push(await type(line.replace('FOLDER', DATA)));
});

/** A line as the README has it, but typed in another folder, so that what it writes stays out of this one. */
function type(line: string): Promise<Ended> {
  const elsewhere = line.replace('npm ', `npm --prefix ${CHECKOUT} `);
  return bed.use(run('sh', ['-c', `exec ${elsewhere}`], { env: settings(app.dir), cwd: caller })).ended;
}

describe.skipIf(absent)(`A real sales history goes in${absent ? ` (${absent})` : ''}`, () => {
  test('the dry run says what the import then does: every row comes in', () => {
    expect(typed.map(({ code }) => code)).toEqual([0, 0]);
    const [accounts, , opportunities] = numbersIn(sentenceWith('85 accounts'));
    for (const { out } of typed) {
      expect(rowsOf(out, 'Accounts')).toEqual([accounts, accounts, 0, 0, 0, 13]);
      expect(rowsOf(out, 'Opportunities').slice(0, 5)).toEqual([opportunities, opportunities, 0, 0, 0]);
    }
    expect(typed[0]?.out).toContain('This was a dry run: nothing was written.');
  });

  test('and says so row by row in a report', async () => {
    const path = /(\S+report\.csv) names each cell/.exec(typed[1]?.out ?? '')?.[1] ?? '';
    const report = await readFile(path, 'utf8');
    const [aliases, empty] = numbersIn(sentenceWith('write "GTXPro"')).slice(-2);
    const lines = (pattern: RegExp) => report.match(pattern)?.length;
    expect(lines(/^sales_pipeline\.csv,\d+,repaired,product,ALIAS,GTXPro,/gm)).toBe(aliases);
    expect(lines(/^sales_pipeline\.csv,\d+,repaired,account,EMPTY,/gm)).toBe(empty);
  });
});

describe('the examples', () => {
  test('are there', () => {
    expect(examples.length).toBeGreaterThan(8);
  });

  test.each(examples.map(example => [example.name, example] as const))('%s', async (name, example) => {
    answers.set(name, await answerTo(example));
  });
});

describe.skipIf(absent)(`the figures that its prose names${absent ? ` (${absent})` : ''}`, () => {
  test('the pipeline at the end of the first quarter of 2017', () => {
    const { prose } = exampleOf('BoardThen');
    const { columns } = answerOf<{ columns: { stage: { name: string }; count: number }[] }>(
      'BoardThen',
      'pipelineBoard',
    );
    const told = [...prose.matchAll(/(\w+) ([\d,]+)(?=[,)])/g)].map(([, stage = '', figure = '']) => [
      stage,
      ...numbersIn(figure),
    ]);
    expect(told).toHaveLength(3);
    const found = new Map(columns.map(({ stage, count }) => [stage.name.toLowerCase(), count]));
    expect(told).toEqual(told.map(([stage]) => [stage, found.get(String(stage))]));
  });

  test('the quarters and the best agent', () => {
    type Line = { label: string; totals: { amount: string }[] };
    const amount = ({ totals }: Line) => Number(totals[0]?.amount);
    const agents = [...answerOf<Line[]>('WonByQuarterAndAgent', 'agents')].sort(
      (a, b) => amount(b) - amount(a),
    );
    const told = sentenceWith('Revenue won by quarter');
    expect(told).toContain(
      `the best agent, ${agents[0]?.label} with ${amount(agents[0] as Line).toLocaleString('en')}`,
    );
    const quarters = answerOf<Line[]>('WonByQuarterAndAgent', 'quarters').filter(({ label }) =>
      told.includes(label),
    );
    expect(quarters).toHaveLength(2);
    for (const quarter of quarters)
      expect(told).toContain(`${quarter.label} ${amount(quarter).toLocaleString('en')}`);
  });
});

test('before the import nobody knew any of this', () => {
  expect(answerOf('NotKnownYet', 'pipelineBoard')).toEqual({ columns: [] });
});

test('the same commandId again gets the same answer', async () => {
  const first = answers.get('Register');
  expect(await ask(app.url, exampleOf('Register').document)).toEqual(first);
});

describe('its shell lines', () => {
  const lines = shellLines.flatMap(line => line.split('&&').map(part => part.trim()));

  test.each(lines.filter(line => /^(\S+=\S+ )*npm /.test(line)))('%s: there is such a script', async line => {
    const { scripts } = JSON.parse(await readFile(join(CHECKOUT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const script = /npm (?:run )?(\S+)/.exec(line)?.[1] ?? '';
    expect(['ci', ...Object.keys(scripts)]).toContain(script);
  });

  const commands = lines.filter(
    line => line.startsWith('npm run relata -- ') || line.startsWith('npm start -- '),
  );
  test.each(commands)('%s: there is such a command, and it has these options', async line => {
    const [name, ...args] = line
      .replace('npm start --', 'start')
      .replace('npm run relata -- ', '')
      .split(' ');
    if (name === 'help') return;
    const command = (await loadCliCommands()).find(each => each.name === name);
    expect(command?.name).toBe(name);
    for (const option of args.filter(arg => arg.startsWith('--'))) expect(command?.usage).toContain(option);
  });

  test('help lists all commands', async () => {
    const { code, out } = await type('npm run relata -- help');
    expect(code).toBe(0);
    for (const { name, usage } of await loadCliCommands()) expect(out).toContain(`${name} ${usage}`);
  });
});

async function answerTo({ document, needs, fails, keeps }: Example): Promise<Answer> {
  const answer = await ask(app.url, document, variables);
  expect(answer.errors?.map(({ extensions }) => extensions?.code)).toEqual(fails ? [fails] : undefined);
  if (needs && absent) return answer;
  for (const [name, path] of keeps) {
    variables[name] = path
      .split('.')
      .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], answer.data);
    expect(variables[name], `${name} is in the answer`).toBeDefined();
  }
  return answer;
}

const exampleOf = (name: string): Example => {
  const found = examples.find(example => example.name === name);
  if (!found) throw new Error(`the README has no example ${name}`);
  return found;
};

/** The field of the example's answer. */
const answerOf = <T>(name: string, field: string): T => answers.get(name)?.data?.[field] as T; // as its document asks

/** rows, imported, unchanged, nothing to do, rejected, repaired. */
const rowsOf = (out: string, title: string): number[] =>
  numbersIn(new RegExp(`^  ${title} .*$`, 'm').exec(out)?.[0] ?? '');
