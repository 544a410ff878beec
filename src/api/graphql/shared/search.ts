/** The search for records of any type, today or as of any day. */
import { fetchByIds } from '../../../projections/query/fetch.ts';
import type { Moment } from '../../../projections/query/moment.ts';
import type { Row } from '../../../projections/query/plan.ts';
import { fetchHits, type Hit, isSearchable, MAX_HITS } from '../../../projections/query/search.ts';
import { area } from '../../schema/area.ts';
import { loaderFor } from '../../schema/loaders.ts';
import { askedOf } from '../../schema/lookahead.ts';
import { momentArgs, momentIn } from '../../schema/moments.ts';
import { showAfter } from '../../schema/recordQueries.ts';

type HitAt = Hit & { readonly moment: Moment };
type Typed = Row & { readonly __typename: string };

const DEFAULT_HITS = 20;

export const search = area(({ builder, entities, types }) => {
  const searchable = entities.all().filter(({ model }) => model.of && isSearchable(model));
  const recordType = types.enums('SearchableType', searchable.map(({ name }) => name).sort());
  const record = builder.unionType('SearchRecord', {
    types: searchable.map(({ ref }) => ref),
    resolveType: row => (row as Typed).__typename, // given below
  });
  const hit = builder.objectRef<HitAt>('SearchHit').implement({
    fields: t => ({
      recordType: t.expose('recordType', { type: recordType }),
      id: t.exposeID('id'),
      name: t.exposeString('name', { nullable: true, description: 'What people call the record.' }),
      field: t.exposeString('field', { description: 'The field in which the text was found.' }),
      text: t.exposeString('text', { description: 'What stands in it.' }),
      record: t.field({
        type: record,
        nullable: true,
        resolve: (found, _, context, info) =>
          loaderFor<Row | null>(context.reads.loaders, info.fieldNodes, found.moment, async keys => {
            const rows = new Map<string, Row>();
            for (const entity of searchable) {
              const ids = keys.flatMap(key =>
                key.startsWith(`${entity.name}/`) ? [key.split('/')[1] ?? ''] : [],
              );
              const { selection } = askedOf(entity, info);
              for (const row of await fetchByIds(context.reads.session, selection, ids, found.moment))
                rows.set(`${entity.name}/${row.id}`, Object.assign(row, { __typename: entity.typeName }));
            }
            return keys.map(key => rows.get(key) ?? null);
          }).load(`${found.recordType}/${found.id}`),
      }),
    }),
  });

  builder.queryField('search', t =>
    t.field({
      type: [hit],
      complexity: ({ first }) => ({
        field: 50,
        multiplier: Math.min(Math.max(first ?? DEFAULT_HITS, 0), MAX_HITS),
      }),
      description:
        'Records in which all words of the text stand, in capitals or not; those that begin with it first.',
      args: {
        text: t.arg.string({ required: true }),
        types: t.arg({ type: [recordType], description: 'All when absent.' }),
        first: t.arg.int({ description: `From 1 to ${MAX_HITS}; ${DEFAULT_HITS} by default.` }),
        ...momentArgs(builder),
        after: t.arg({ type: 'Position' }),
      },
      resolve: async (_, args, context) => {
        showAfter(context, args.after, 'after');
        const moment = await momentIn(context, args);
        const wanted = searchable.filter(({ name }) => args.types?.includes(name) ?? true);
        const hits = await fetchHits(context.reads.session, {
          text: args.text,
          models: wanted.map(({ model }) => model),
          moment,
          first: args.first ?? DEFAULT_HITS,
        });
        return hits.map(each => ({ ...each, moment }));
      },
    }),
  );
});
