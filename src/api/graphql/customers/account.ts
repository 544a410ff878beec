/** What belongs to an account, and where it stands in the tree. */
import { sql } from 'kysely';
import { fetchByIds, fetchRows } from '../../../projections/query/fetch.ts';
import { MAX_PAGE } from '../../../projections/query/page.ts';
import { momentOf, type Row } from '../../../projections/query/plan.ts';
import { area } from '../../schema/area.ts';
import { childrenBy } from '../../schema/children.ts';
import { loaderFor } from '../../schema/loaders.ts';
import { askedOf } from '../../schema/lookahead.ts';

export const accountLists = area(tools => {
  childrenBy(tools, 'account', 'opportunities', 'opportunity', 'accountId');
  childrenBy(tools, 'account', 'contacts', 'contact', 'accountIds');
  childrenBy(tools, 'account', 'activities', 'activity', 'accountId');
  childrenBy(tools, 'contact', 'activities', 'activity', 'contactIds');
});

export const accountTree = area(({ builder, entities, models }) => {
  const account = entities.of('account');
  const model = models.named('accountParents');
  account.sources.set('parent', { kind: 'own', columns: [], reads: true });
  account.sources.set('subsidiaries', { kind: 'own', columns: [], reads: true });

  builder.objectFields(account.ref, t => ({
    parent: t.field({
      type: account.ref,
      nullable: true,
      description: 'The account that it belongs to.',
      resolve: (row: Row, _, context, info) =>
        loaderFor(context.reads.loaders, info.fieldNodes, row[momentOf], async ids => {
          const { selection } = askedOf(account, info);
          const links = await fetchByIds(
            context.reads.session,
            {
              model,
              columns: new Set(),
              records: new Map([['parent', { column: 'parentId', selection }]]),
              lists: new Map(),
            },
            ids,
            row[momentOf],
          );
          const parents = new Map(links.map(link => [link.id, link.parent as Row | null]));
          return ids.map(id => parents.get(id) ?? null);
        }).load(row.id),
    }),
    subsidiaries: t.field({
      type: [account.ref],
      description: `The accounts right below it, by name; at most ${MAX_PAGE}.`,
      resolve: (row: Row, _, context, info) =>
        loaderFor(context.reads.loaders, info.fieldNodes, row[momentOf], async ids => {
          const { selection } = askedOf(account, info);
          const links = await fetchRows(context.reads.session, {
            selection: {
              model,
              columns: new Set(['parentId']),
              records: new Map([['account', { column: 'id', selection }]]),
              lists: new Map(),
            },
            moment: row[momentOf],
            where: [sql`t0.parent_id = any(${ids}::uuid[])`],
            orderBy: sql`t1.name, t1.id`,
          });
          return ids.map(id =>
            links
              .flatMap(link => (link.parentId === id && link.account ? [link.account as Row] : []))
              .slice(0, MAX_PAGE),
          );
        }).load(row.id),
    }),
  }));
});
