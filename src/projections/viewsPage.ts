/**
 * `docs/views.md`: what analysts may build upon, as it is committed. It is a contract, so making it anew refuses to lose
 * a column of what stands there.
 */
import type { Column } from './columns.ts';
import { columnSql, endColumns, type SqlColumn, snake } from './engine/sqlNames.ts';
import { shownColumns } from './engine/views.ts';
import type { ReadModel } from './readModel.ts';

export function viewsPage(models: readonly ReadModel[]): string {
  return [
    '# Views for analysts',
    '',
    'What the views of the schema `crm` show, made of the declarations in `src/projections` by `npm run relata -- schema --write`.',
    'It is a contract: a column keeps its name, type and meaning for good. What Relata no longer has is *retired*: the column',
    'stays, and is empty. How to get access, and what else may be read, is in [read-models.md](read-models.md).',
    '',
    'Where a view has history, `…_history` and `…_superseded` show the same columns and two more:',
    '',
    ...table(
      endColumns.map(column => [
        column,
        column.of === 'validTo' ? 'until when it was true' : 'until which position it was the last known',
      ]),
    ),
    ...models.flatMap(viewOf),
  ].join('\n');
}

/** What the page would lose or change of the columns that stand in an earlier one, as `view.column type`. */
export function brokenPromises(earlier: string, models: readonly ReadModel[]): readonly string[] {
  const now = promisesOf(viewsPage(models));
  return [...promisesOf(earlier)].filter(promise => !now.has(promise));
}

function viewOf(model: ReadModel): readonly string[] {
  const declared = new Map<string, string>();
  for (const [name, column] of Object.entries(model.columns))
    for (const sql of columnSql(name, column)) declared.set(sql.name, remarkOn(column, sql));
  return [
    `## crm.${snake(model.name)}`,
    '',
    model.history
      ? 'With history.'
      : model.appendOnly
        ? 'One row an event, for good: no history.'
        : 'Without history.',
    '',
    ...table(
      shownColumns(model).map(column => [
        column,
        OWN[column.of] ?? declared.get(column.name) ?? 'retired: empty',
      ]),
    ),
  ];
}

/** What every row has. */
const OWN: Readonly<Record<string, string>> = {
  workspaceId: '',
  id: '',
  revision: 'of the stream that the row comes from',
  validFrom: 'since when the row is true as it stands',
  knownFrom: 'position of the last event in it',
};

function remarkOn(
  { nullable, personal, eventData, target, values, kind }: Column,
  { part }: SqlColumn,
): string {
  const remarks = [
    ...(part === 'amount' ? ['at the scale of its currency'] : []),
    ...(kind === 'date' ? ['a calendar day, in no zone'] : []),
    ...(target ? [`of \`${target}\``] : []),
    ...(values ? [values.map(value => `\`${value}\``).join(', ')] : []),
    ...(personal || eventData ? ['personal: empty once the person is erased'] : []),
    ...(nullable && !personal ? ['may be empty'] : []),
  ];
  return remarks.join('; ');
}

const table = (rows: readonly (readonly [SqlColumn, string])[]): readonly string[] => [
  '| column | type | |',
  '| --- | --- | --- |',
  ...rows.map(([{ name, type }, remark]) => `| \`${name}\` | \`${type}\` | ${remark} |`),
  '',
];

function promisesOf(page: string): ReadonlySet<string> {
  const promises = new Set<string>();
  let view = '…_history';
  for (const line of page.split('\n')) {
    view = /^## (\S+)/.exec(line)?.[1] ?? view;
    const [, name, type] = /^\| `([^`]+)` \| `([^`]+)` \|/.exec(line) ?? [];
    if (name) promises.add(`${view}.${name} ${type}`);
  }
  return promises;
}
