/** An opportunity's lines with their products, and what hangs on opportunities and pipelines. */

import { sql } from 'kysely';
import { multiplyMoney } from '../../../domain/kernel/money.ts';
import type { Line } from '../../../domain/sales/lines.ts';
import { fetchByIds, fetchRows } from '../../../projections/query/fetch.ts';
import type { Moment } from '../../../projections/query/moment.ts';
import { momentOf, type Row } from '../../../projections/query/plan.ts';
import { withColumns } from '../../../projections/query/selection.ts';
import { area } from '../../schema/area.ts';
import { childrenBy } from '../../schema/children.ts';
import { loaderFor } from '../../schema/loaders.ts';
import { askedOf } from '../../schema/lookahead.ts';

export const opportunityLists = area(tools => {
  childrenBy(tools, 'opportunity', 'activities', 'activity', 'opportunityId');
  childrenBy(tools, 'product', 'opportunities', 'opportunity', 'productIds');
  childrenBy(tools, 'user', 'opportunities', 'opportunity', 'ownerId');
});

type LineAt = { readonly line: Line; readonly moment: Moment };

export const opportunityLines = area(({ builder, entities, types }) => {
  const [opportunity, product] = [entities.of('opportunity'), entities.of('product')];
  const line = builder.objectRef<LineAt>('OpportunityLine').implement({
    fields: t => ({
      lineId: t.id({ resolve: ({ line }) => line.lineId }),
      productId: t.id({ resolve: ({ line }) => line.productId }),
      quantity: t.field({ type: 'Decimal', resolve: ({ line }) => line.quantity }),
      unitPrice: t.field({
        type: types.money.output,
        nullable: true,
        resolve: ({ line }) => line.unitPrice ?? null,
      }),
      total: t.field({
        type: types.money.output,
        nullable: true,
        description: 'Unit price times quantity; null for a line without a price.',
        resolve: ({ line }) => (line.unitPrice ? multiplyMoney(line.unitPrice, line.quantity) : null),
      }),
      product: t.field({
        type: product.ref,
        nullable: true,
        resolve: ({ line, moment }, _, context, info) =>
          loaderFor(context.reads.loaders, info.fieldNodes, moment, async ids => {
            const { selection } = askedOf(product, info);
            const found = await fetchByIds(context.reads.session, selection, ids, moment);
            const byId = new Map(found.map(record => [record.id, record]));
            return ids.map(id => byId.get(id) ?? null);
          }).load(line.productId),
      }),
    }),
  });
  opportunity.sources.set('lines', { kind: 'own', columns: ['lines'], reads: true });
  builder.objectField(opportunity.ref, 'lines', t =>
    t.field({
      type: [line],
      resolve: (row: Row) =>
        (row.lines as readonly Line[]).map(each => ({ line: each, moment: row[momentOf] })),
    }),
  );
});

export const pipelineStages = area(({ builder, entities }) => {
  const [pipeline, stage] = [entities.of('pipeline'), entities.of('stage')];
  pipeline.sources.set('stages', { kind: 'own', columns: [], reads: true });
  builder.objectField(pipeline.ref, 'stages', t =>
    t.field({
      type: [stage.ref],
      description: 'In their order; those that take no more opportunities come last.',
      resolve: (row: Row, _, context, info) =>
        loaderFor(context.reads.loaders, info.fieldNodes, row[momentOf], async ids => {
          const rows = await fetchRows(context.reads.session, {
            selection: withColumns(askedOf(stage, info).selection, ['pipelineId']),
            moment: row[momentOf],
            where: [sql`t0.pipeline_id = any(${ids}::uuid[])`],
            orderBy: sql`t0.retired, t0.place, t0.id`,
          });
          return ids.map(id => rows.filter(each => each.pipelineId === id));
        }).load(row.id),
    }),
  );
});
