/** What comparisons of a pipeline must answer, made the plain way: by telling the story of one opportunity at a time. */
import { sumMoney } from '../../../src/domain/kernel/money.ts';
import { type Condition, matches, type Shown } from './oracle.ts';

export type Money = { readonly amount: string; readonly currency: string };
export type Told = {
  readonly category: string;
  readonly id: string;
  readonly sign: 1 | 0 | -1;
  readonly change: readonly Money[];
  readonly worth: Money | null;
};
type Model = Parameters<typeof matches>[0];
export type Scope = { readonly model: Model; readonly pipelineId: string; readonly filter: Condition };

export const totalsOf = (amounts: readonly (Money | null)[]): readonly Money[] => {
  const byCurrency = Map.groupBy(
    amounts.flatMap(amount => amount ?? []),
    ({ currency }) => currency,
  );
  return [...byCurrency.keys()].sort().map(key => sumMoney(byCurrency.get(key) as [Money, ...Money[]]));
};
export const withoutZeros = (totals: readonly Money[]) => totals.filter(({ amount }) => /[1-9]/.test(amount));
export const amountOf = (row: Shown | undefined) => (row?.amount ?? null) as Money | null;
export const negative = ({ amount, currency }: Money): Money => ({
  amount: amount.startsWith('-') ? amount.slice(1) : `-${amount}`,
  currency,
});

export const isIn = ({ model, pipelineId, filter }: Scope, row: Shown | undefined): row is Shown =>
  row !== undefined && row.pipelineId === pipelineId && matches(model, row, filter);

type Step = Omit<Told, 'id' | 'worth'>;

/** All that is told of one opportunity between two states of it. */
export function tellOf(
  scope: Scope,
  place: (stageId: unknown) => number,
  a: Shown | undefined,
  b: Shown | undefined,
): readonly Told[] {
  const wasOpen = isIn(scope, a) && a.status === 'open';
  const isOpen = isIn(scope, b) && b.status === 'open';
  const isClosedAnew = isIn(scope, b) && b.status !== 'open' && b.status !== a?.status;
  const comes = !wasOpen && (isOpen || isClosedAnew);
  const worth = amountOf(b ?? a);
  const change = worth ? [worth] : [];
  const told: readonly (Step | false)[] = [
    comes && { category: howItComes(scope, a), sign: 1, change },
    wasOpen && b !== undefined && revalued(amountOf(a), amountOf(b)),
    wasOpen &&
      isOpen &&
      a.stageId !== b.stageId && {
        category: place(b.stageId) > place(a.stageId) ? 'MOVED_FORWARD' : 'MOVED_BACK',
        sign: 0,
        change: [],
      },
    (wasOpen || comes) &&
      !isOpen && { category: howItGoes(scope, b), sign: -1, change: change.map(negative) },
  ];
  return told.flatMap(each => (each ? [{ ...each, id: (a ?? b)?.id ?? '', worth }] : []));
}

const howItComes = (scope: Scope, a: Shown | undefined) =>
  !a ? 'NEW' : isIn(scope, a) ? 'REOPENED' : 'MOVED_IN';

const howItGoes = (scope: Scope, b: Shown | undefined) =>
  !isIn(scope, b) ? 'MOVED_OUT' : b.status === 'won' ? 'WON' : 'LOST';

function revalued(was: Money | null, is: Money | null): Step | false {
  const change = [was ? negative(was) : [], is ?? []].flat();
  if (was && is && was.currency !== is.currency) return { category: 'CURRENCY_CHANGED', sign: 0, change };
  const [x, y] = [Number(was?.amount ?? 0), Number(is?.amount ?? 0)];
  return x !== y && { category: y > x ? 'GREW' : 'SHRANK', sign: 0, change };
}
