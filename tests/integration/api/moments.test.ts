/** Records and lists with all that hangs on them, at any moment and as known at any other, against a fold. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { multiplyMoney } from '../../../src/domain/kernel/money.ts';
import { AT, holdsAtAnyMoment, MOMENT } from './moments.ts';
import { createOracle, type Oracle, type Shown, selectionOf, sorted } from './oracle.ts';
import { tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let oracle: Oracle;
beforeAll(async () => {
  world = await openWorld();
  await tell(world);
  oracle = createOracle(world.models, await world.log());
});
afterAll(() => world.close());

const named = (rows: readonly Shown[], id: unknown) => {
  const found = rows.find(row => row.id === id);
  return found ? { id: found.id, name: found.name } : null;
};
const ids = (rows: readonly Shown[]) => ({ totalCount: rows.length, nodes: rows.map(({ id }) => ({ id })) });
const newest = (list: string, rows: readonly Shown[]) =>
  ids(sorted(oracle.model(list), rows, [{ field: 'createdAt', direction: 'DESC' }]));
const has = (value: unknown, id: string) => (value as readonly string[]).includes(id);

test.each(['accounts', 'opportunities', 'activities', 'contacts', 'products', 'teams', 'users', 'pipelines'])(
  '%s, every column',
  async list => {
    const model = oracle.model(list);
    const query = `query At(${MOMENT}) { ${list}(first: 500, ${AT}) { totalCount nodes { ${selectionOf(model)} } } }`;
    await holdsAtAnyMoment(oracle, async ({ args, when }) => {
      const order = [{ field: 'createdAt', direction: 'DESC' as const }];
      const rows = sorted(model, oracle.rows(list, when), order).map(({ lines: _, ...row }) => row);
      expect((await world.data(query, args))[list]).toEqual({ totalCount: rows.length, nodes: rows });
    });
  },
);

test('an account with its tree and its lists', async () => {
  const query = `query At(${MOMENT}) { accounts(first: 20, orderBy: [{ field: id }], ${AT}) { nodes {
    id owner { id name } parent { id name } subsidiaries { id name }
    opportunities { totalCount nodes { id } } contacts { totalCount nodes { id } } activities { totalCount nodes { id } }
  } } }`;
  await holdsAtAnyMoment(oracle, async ({ args, when }) => {
    const [accounts, links, users] = ['accounts', 'accountParents', 'users'].map(name =>
      oracle.rows(name, when),
    ) as [readonly Shown[], readonly Shown[], readonly Shown[]];
    const expected = sorted(oracle.model('accounts'), accounts, []).map(({ id, ownerId }) => ({
      id,
      owner: named(users, ownerId),
      parent: named(accounts, links.find(link => link.id === id)?.parentId),
      subsidiaries: sorted(
        oracle.model('accounts'),
        links
          .filter(({ parentId }) => parentId === id)
          .flatMap(link => accounts.find(({ id }) => id === link.id) ?? []),
        [{ field: 'name', direction: 'ASC' }],
      ).map(row => named(accounts, row.id)),
      opportunities: newest(
        'opportunities',
        oracle.rows('opportunities', when).filter(row => row.accountId === id),
      ),
      contacts: newest(
        'contacts',
        oracle.rows('contacts', when).filter(row => has(row.accountIds, id)),
      ),
      activities: newest(
        'activities',
        oracle.rows('activities', when).filter(row => row.accountId === id),
      ),
    }));
    expect((await world.data(query, args)).accounts.nodes).toEqual(expected);
  });
});

test('an opportunity with its lines, products, stage and pipeline', async () => {
  const query = `query At(${MOMENT}) { opportunities(first: 30, orderBy: [{ field: id }], ${AT}) { nodes {
    id account { id name } primaryContact { id name } products { id name }
    stage { id name place probability retired pipelineId } pipeline { id stages { id name } }
    lines { lineId productId quantity unitPrice { amount currency } total { amount currency } product { id name } }
    activities { totalCount nodes { id } }
  } } }`;
  await holdsAtAnyMoment(oracle, async ({ args, when }) => {
    const rows = (name: string) => oracle.rows(name, when);
    const stages = [...rows('stages')].sort(
      (a, b) =>
        Number(a.retired) - Number(b.retired) || Number(a.place) - Number(b.place) || (a.id < b.id ? -1 : 1),
    );
    const expected = sorted(oracle.model('opportunities'), rows('opportunities'), []).map(row => {
      const stage = stages.find(({ id }) => id === row.stageId);
      return {
        id: row.id,
        account: named(rows('accounts'), row.accountId),
        primaryContact: named(rows('contacts'), row.primaryContactId),
        products: (row.productIds as string[]).flatMap(id => named(rows('products'), id) ?? []),
        stage: stage ? pick(stage, ['id', 'name', 'place', 'probability', 'retired', 'pipelineId']) : null,
        pipeline: rows('pipelines').some(({ id }) => id === row.pipelineId)
          ? {
              id: row.pipelineId,
              stages: stages
                .filter(({ pipelineId }) => pipelineId === row.pipelineId)
                .map(({ id }) => named(stages, id)),
            }
          : null,
        lines: (row.lines as Line[]).map(line => ({
          ...line,
          unitPrice: line.unitPrice ?? null,
          total: line.unitPrice ? multiplyMoney(line.unitPrice, line.quantity) : null,
          product: named(rows('products'), line.productId),
        })),
        activities: newest(
          'activities',
          rows('activities').filter(({ opportunityId }) => opportunityId === row.id),
        ),
      };
    });
    expect((await world.data(query, args)).opportunities.nodes).toEqual(expected);
  });
});

type Line = { quantity: string; productId: string; unitPrice?: { amount: string; currency: string } };

const pick = (row: Shown, fields: readonly string[]) =>
  Object.fromEntries(fields.map(field => [field, row[field]]));

test('what points to a contact, a product, a user; who is in a team', async () => {
  const query = `query At(${MOMENT}) {
    contacts(first: 20, orderBy: [{ field: id }], ${AT}) { nodes { id primaryAccount { id name } accounts { id name } activities { totalCount nodes { id } } } }
    products(first: 20, orderBy: [{ field: id }], ${AT}) { nodes { id opportunities { totalCount nodes { id } } } }
    users(first: 20, orderBy: [{ field: id }], ${AT}) { nodes { id opportunities { totalCount nodes { id } } } }
    teams(first: 20, orderBy: [{ field: id }], ${AT}) { nodes { id lead { id name } members { id name } } }
  }`;
  await holdsAtAnyMoment(oracle, async ({ args, when }) => {
    const rows = (name: string) => oracle.rows(name, when);
    const inOrder = (name: string) => sorted(oracle.model(name), rows(name), []);
    const namedAll = (name: string, list: unknown) =>
      (list as string[]).flatMap(id => named(rows(name), id) ?? []);
    expect(await world.data(query, args)).toEqual({
      contacts: {
        nodes: inOrder('contacts').map(({ id, primaryAccountId, accountIds }) => ({
          id,
          primaryAccount: named(rows('accounts'), primaryAccountId),
          accounts: namedAll('accounts', accountIds),
          activities: newest(
            'activities',
            rows('activities').filter(({ contactIds }) => has(contactIds, id)),
          ),
        })),
      },
      products: {
        nodes: inOrder('products').map(({ id }) => ({
          id,
          opportunities: newest(
            'opportunities',
            rows('opportunities').filter(row => has(row.productIds, id)),
          ),
        })),
      },
      users: {
        nodes: inOrder('users').map(({ id }) => ({
          id,
          opportunities: newest(
            'opportunities',
            rows('opportunities').filter(row => row.ownerId === id),
          ),
        })),
      },
      teams: {
        nodes: inOrder('teams').map(({ id, leadId, memberIds }) => ({
          id,
          lead: named(rows('users'), leadId),
          members: namedAll('users', memberIds),
        })),
      },
    });
  });
});
