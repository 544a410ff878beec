/** What sellers do: they open opportunities, move them to other stages, change what they are worth, note what was said. */
import { randomUUID } from 'node:crypto';

export type Target = { readonly id: string; readonly stageId: string };
export type Records = {
  readonly stageIds: readonly string[];
  readonly accountIds: readonly string[];
  readonly userIds: readonly string[];
  /** Open opportunities to begin with. */
  readonly targets: readonly Target[];
};

export type Step = {
  readonly query: string;
  readonly variables: { readonly input: object };
  /** To be told of the answer: what it opened is gone on with. */
  readonly done: (id: string) => void;
};

/** Of opportunities alone; each makes one event. */
export const DEALING = ['open', 'move', 'change'] as const;
export const SELLING = [...DEALING, 'rename', 'log'] as const;
type Kind = (typeof SELLING)[number];

/** Selected in every mutation: what the write side answers by itself. */
const mutation = (name: string) =>
  `mutation Step($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { id revision position } }`;
const QUERIES = {
  open: mutation('openOpportunity'),
  move: mutation('moveOpportunityToStage'),
  change: mutation('changeOpportunityAmount'),
  rename: mutation('changeAccountDetails'),
  log: mutation('logActivity'),
} satisfies Record<Kind, string>;

/** A seller goes on with at most so many of the opportunities that were opened. */
const OWN = 200;

/** @returns the next step, of each kind in turn, and on each record in turn: none is refused, or true already. */
export function seller(kinds: readonly Kind[], records: Records): () => Step {
  const mine: Target[] = [...records.targets];
  const next = <T>(list: readonly T[], turn: number): T => {
    const one = list[turn % list.length];
    if (one === undefined) throw new RangeError('nothing to go on with');
    return one;
  };
  let steps = 0;
  const turns = { deal: 0, account: 0 };
  const nothing = () => undefined;

  const step = (kind: Kind, input: object, done: (id: string) => void = nothing): Step => ({
    query: QUERIES[kind],
    variables: { input: { ...input, commandId: randomUUID() } },
    done,
  });
  const of: Record<Kind, () => Step> = {
    open: () => {
      const stageId = next(records.stageIds, 0);
      const input = {
        name: 'Rollout for the northern region',
        accountId: next(records.accountIds, turns.account++),
        ownerId: next(records.userIds, steps),
        stageId,
        amount: amount(),
        closeDate: '2030-06-30',
        source: 'web',
      };
      return step('open', input, id => {
        if (mine.length < OWN) mine.push({ id, stageId });
        else mine[steps % OWN] = { id, stageId };
      });
    },
    move: () => {
      const place = turns.deal++ % mine.length;
      const { id, stageId } = next(mine, place);
      const others = records.stageIds.filter(each => each !== stageId);
      const to = next(others, steps);
      mine[place] = { id, stageId: to };
      return step('move', { id, stageId: to });
    },
    change: () => step('change', { id: next(mine, turns.deal++).id, amount: amount() }),
    rename: () =>
      step('rename', { id: next(records.accountIds, turns.account++), name: `Retail ${randomUUID()}` }),
    log: () =>
      step('log', {
        opportunityId: next(mine, turns.deal++).id,
        type: 'note',
        subject: 'What they said',
        body: 'They want it in spring, with training for the whole team, and compare with two others.',
      }),
  };

  return () => {
    steps += 1;
    return of[mine.length === 0 ? 'open' : next(kinds, steps)]();
  };
}

const amount = () => ({ amount: `${1 + Math.floor(Math.random() * 1e9)}.00`, currency: 'EUR' });
