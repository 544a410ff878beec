/** The two screens in SQL written by hand: on the stable views, as an analyst would write them. */
const WORKSPACE = 'default';
const PAGE = 50;

export type Statement = { readonly name: string; readonly text: string; readonly values: string[] };

type PageRow = {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly close_date: string | null;
  readonly amount: string | null;
  readonly amount_currency: string | null;
  readonly created_at: Date;
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly owner_id: string | null;
  readonly owner_name: string | null;
};
type BoardRow = {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly count: number | null;
  readonly amount: string | null;
  readonly amount_currency: string | null;
};
type Column = {
  readonly stage: Pick<BoardRow, 'id' | 'name' | 'category'>;
  count: number;
  readonly totals: object[];
};

/** One more than is shown, to know whether there are more. */
const PAGE_SQL = `
  select o.id, o.name, o.status, o.close_date::text, o.amount, o.amount_currency, o.created_at,
    a.id as account_id, a.name as account_name, u.id as owner_id, u.name as owner_name
  from crm.opportunities o
  left join crm.accounts a on a.workspace_id = o.workspace_id and a.id = o.account_id
  left join crm.users u on u.workspace_id = o.workspace_id and u.id = o.owner_id
  where o.workspace_id = $1 and (o.created_at, o.id) < ($2, $3)
  order by o.created_at desc, o.id desc
  limit ${PAGE + 1}`;

/** Before the first row of all. */
const BEGIN = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
/** What the list's cursors begin with; then come the values of its order's columns. */
const ORDER = '1:createdAt desc,id desc';

export function pageStatement(after: string | undefined): Statement {
  const from = after === undefined ? BEGIN : cursorValues(after);
  return { name: 'page', text: PAGE_SQL, values: [WORKSPACE, ...from] };
}

export function pageData(rows: readonly PageRow[]) {
  const shown = rows.slice(0, PAGE);
  const last = shown.at(-1);
  return {
    opportunities: {
      nodes: shown.map(row => ({
        id: row.id,
        name: row.name,
        status: row.status,
        closeDate: row.close_date,
        amount: row.amount === null ? null : { amount: row.amount, currency: row.amount_currency },
        account: row.account_id === null ? null : { id: row.account_id, name: row.account_name },
        owner: row.owner_id === null ? null : { id: row.owner_id, name: row.owner_name },
      })),
      pageInfo: { hasNextPage: rows.length > PAGE, endCursor: last ? cursorOf(last) : null },
    },
  };
}

const cursorOf = ({ created_at, id }: PageRow): string =>
  Buffer.from(JSON.stringify([ORDER, created_at.toISOString(), id])).toString('base64url');

const cursorValues = (cursor: string): readonly string[] =>
  (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]).slice(1); // made by `cursorOf`, or the same

export function boardStatement(pipelineId: string, asOf: string | undefined): Statement {
  return asOf === undefined
    ? { name: 'board', text: BOARD_SQL, values: [WORKSPACE, pipelineId] }
    : { name: 'boardThen', text: BOARD_THEN_SQL, values: [WORKSPACE, pipelineId, asOf] };
}

/** @param truth by which the versions of that moment are told, where the relations hold more than one. */
const boardSql = (of: '' | '_history', truth: string) => `
  select s.id, s.name, s.category, g.amount_currency, g.count, g.amount
  from crm.stages${of} s
  left join (
    select stage_id, amount_currency, count(*)::int, sum(amount) as amount
    from crm.opportunities${of}
    where workspace_id = $1 and pipeline_id = $2 ${truth}
    group by 1, 2
  ) g on g.stage_id = s.id
  where s.workspace_id = $1 and s.pipeline_id = $2 ${truth}
  order by s.place, g.amount_currency`;

const BOARD_SQL = boardSql('', '');
const BOARD_THEN_SQL = boardSql('_history', 'and valid_from <= $3 and valid_to > $3');

/** One row a stage and currency, those of a stage together. */
export function boardData(rows: readonly BoardRow[]) {
  const columns: Column[] = [];
  for (const { id, name, category, count, amount, amount_currency: currency } of rows) {
    let column = columns.at(-1);
    if (column?.stage.id !== id) {
      column = { stage: { id, name, category }, count: 0, totals: [] };
      columns.push(column);
    }
    column.count += count ?? 0;
    if (amount !== null) column.totals.push({ amount, currency });
  }
  return { pipelineBoard: { columns } };
}
