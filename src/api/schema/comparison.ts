/** What comparisons of two versions share: the moments that are compared, and what differs. */
import type { FieldChange } from '../../projections/query/fieldChanges.ts';
import type { Moment } from '../../projections/query/moment.ts';
import { fetchNames, type NamedRecord } from '../../projections/query/recordNames.ts';
import type { Builder } from './builder.ts';
import type { Context } from './context.ts';
import { loaderFor } from './loaders.ts';
import { defineMomentInput } from './moments.ts';

/** A change as resolvers hand it on; records that it names are called as at this moment. */
export type FieldChangeAt = FieldChange & { readonly moment: Moment };

export type Comparison = ReturnType<typeof createComparison>;

export function createComparison(builder: Builder) {
  const record = builder.objectRef<NamedRecord>('NamedRecord').implement({
    fields: t => ({
      recordType: t.exposeString('recordType'),
      id: t.exposeID('id'),
      name: t.exposeString('name', { nullable: true }),
    }),
  });
  const change = builder.objectRef<FieldChangeAt>('FieldChange').implement({
    description: 'One field of a record, before and after.',
    fields: t => ({
      field: t.exposeString('field'),
      from: t.field({
        type: 'JSON',
        nullable: true,
        description:
          'As a filter would write it: money with its currency, records by their ids. Null for none.',
        resolve: ({ from }) => from,
      }),
      to: t.field({ type: 'JSON', nullable: true, resolve: ({ to }) => to }),
      fromRecords: t.field({
        type: [record],
        complexity: FEW,
        description: 'The records that `from` names, where the field points to records.',
        resolve: ({ column, from, moment }, _, context, info) =>
          named(context, info.fieldNodes, moment, column.target, from),
      }),
      toRecords: t.field({
        type: [record],
        complexity: FEW,
        resolve: ({ column, to, moment }, _, context, info) =>
          named(context, info.fieldNodes, moment, column.target, to),
      }),
    }),
  });
  return { momentInput: defineMomentInput(builder), record, change };
}

/** Most fields point to one record, and most changes are of a field or two. */
export const FEW = { field: 1, multiplier: 2 } as const;

/** One statement for each type of record, for all of an answer. */
async function named(
  { reads, services }: Context,
  nodes: Parameters<typeof loaderFor>[1],
  moment: Moment,
  target: string | undefined,
  value: unknown,
): Promise<readonly NamedRecord[]> {
  if (target === undefined || value === null) return [];
  const loader = loaderFor(reads.loaders, nodes, moment, keys =>
    fetchNames(reads.session, services.models, moment, keys.map(recordOf)),
  );
  return Promise.all([value].flat().map(id => loader.load(`${target}/${id}`)));
}

const recordOf = (key: string) => {
  const [recordType = '', id = ''] = key.split('/');
  return { recordType, id };
};
