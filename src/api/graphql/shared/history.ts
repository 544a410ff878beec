/** What became of a record: each change with who, when and why; and a record beside itself at another moment. */
import { columnsNamed } from '../../../projections/query/fieldChanges.ts';
import type { Moment } from '../../../projections/query/moment.ts';
import { momentOf, type Row } from '../../../projections/query/plan.ts';
import { fetchRecordDiff, type RecordDiff } from '../../../projections/query/recordDiff.ts';
import { type Change, countChanges, fetchHistories } from '../../../projections/query/recordHistory.ts';
import { fetchNames } from '../../../projections/query/recordNames.ts';
import { fetchCategory } from '../../../projections/query/timeline.ts';
import { isId } from '../../../projections/query/values.ts';
import type { ReadModel } from '../../../projections/readModel.ts';
import { area, type Tools } from '../../schema/area.ts';
import { FEW } from '../../schema/comparison.ts';
import { type Connection, connectionOf, costOf } from '../../schema/connections.ts';
import type { Context } from '../../schema/context.ts';
import { loaderFor } from '../../schema/loaders.ts';
import { asksFor } from '../../schema/lookahead.ts';
import { momentArgs, momentIn, twoMomentArgs, twoMomentsIn } from '../../schema/moments.ts';
import { idFrom, showAfter } from '../../schema/recordQueries.ts';

type HistoryArgs = {
  readonly fields?: readonly string[] | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
};

const DESCRIPTION =
  'What became of it, change by change, the newest first; what was not yet known is left out.';

export const recordHistories = area(tools => {
  const { builder, entities, connections, models } = tools;
  const listed = { typeName: 'RecordChange', ref: defineChange(tools) };
  const args = builder.args(t => ({
    fields: t.stringList({ description: 'Only changes of these fields; of all when absent.' }),
    first: t.int(),
    after: t.string({ description: 'The cursor to go on after.' }),
  }));

  for (const record of entities.all().filter(entity => entity.model.of)) {
    record.sources.set('history', { kind: 'own', columns: [], reads: true });
    builder.objectField(record.ref, 'history', t =>
      t.field({
        type: connections.of(listed),
        complexity: costOf,
        description: DESCRIPTION,
        args,
        resolve: (row: Row, given, context, info) =>
          loaderFor(context.reads.loaders, info.fieldNodes, row[momentOf], ids =>
            histories(context, record.model, row[momentOf], given, ids, asksFor(info, 'totalCount')),
          ).load(row.id),
      }),
    );
  }

  builder.queryField('recordHistory', t =>
    t.field({
      type: connections.of(listed),
      complexity: costOf,
      description: `${DESCRIPTION} Of a record of any type; empty where there is none.`,
      args: {
        id: t.arg.id({ required: true }),
        ...args,
        ...momentArgs(builder),
        afterPosition: t.arg({ type: 'Position' }),
      },
      resolve: async (_, given, context, info) => {
        showAfter(context, given.afterPosition, 'afterPosition');
        const id = idFrom(given.id, 'id');
        const moment = await momentIn(context, given);
        const model = models.target(await fetchCategory(context.reads.session, id));
        if (!model?.of) return NOTHING;
        const [page] = await histories(context, model, moment, given, [id], asksFor(info, 'totalCount'));
        return page ?? NOTHING;
      },
    }),
  );
});

const NOTHING = connectionOf({ rows: [], hasNextPage: false, hasPreviousPage: false, cursorOf: () => '' }, 0);

async function histories(
  { reads: { session } }: Context,
  model: ReadModel,
  moment: Moment,
  { fields, first, after }: HistoryArgs,
  ids: readonly string[],
  isCounted: boolean,
): Promise<readonly Connection[]> {
  const request = { model, moment, columns: fields ? columnsNamed(model, fields) : undefined };
  const [pages, counts] = await Promise.all([
    fetchHistories(session, { ...request, page: { first, after } }, ids),
    isCounted ? countChanges(session, request, ids) : [],
  ]);
  return pages.map((page, i) => connectionOf(page, counts[i]));
}

function defineChange({ builder, types, models, comparison }: Tools) {
  const actorTypes = models.named('timeline').columns.actorType?.values ?? [];
  const event = <T>(read: (event: NonNullable<Change['event']>) => T) => ({
    nullable: true as const,
    resolve: (change: Change) => (change.event ? read(change.event) : null),
  });
  return builder.objectRef<Change>('RecordChange').implement({
    description: "One event of a record's, and what it changed.",
    fields: t => ({
      revision: t.int({ resolve: change => change.revision }),
      occurredAt: t.field({
        type: 'DateTime',
        description: 'When it happened in the business.',
        resolve: change => change.occurredAt,
      }),
      recordedAt: t.field({
        type: 'DateTime',
        description: 'When it was written into the log.',
        ...event(e => e.recordedAt),
      }),
      position: t.field({ type: 'Position', resolve: change => change.position }),
      type: t.string({ description: 'What happened: the type of the event.', ...event(e => e.type) }),
      actorType: t.field({ type: types.enums('ActorType', actorTypes), ...event(e => e.actorType) }),
      actorId: t.string(event(e => e.actorId)),
      actorName: t.string({
        nullable: true,
        description: 'Of a user, as called at the same moment.',
        resolve: (change: Change, _, context, info) => {
          if (change.event?.actorType !== 'user' || !isId(change.event.actorId)) return null;
          const moment = change[momentOf];
          return loaderFor(context.reads.loaders, info.fieldNodes, moment, async ids =>
            (
              await fetchNames(
                context.reads.session,
                models,
                moment,
                ids.map(id => ({ recordType: 'user', id })),
              )
            ).map(({ name }) => name),
          ).load(change.event.actorId);
        },
      }),
      commandId: t.id(event(e => e.commandId)),
      correlationId: t.id(event(e => e.correlationId)),
      causationId: t.id({
        description: 'The command or event that led to it.',
        ...event(e => e.causationId),
      }),
      fields: t.field({
        type: [comparison.change],
        complexity: FEW,
        resolve: change => change.fields.map(field => ({ ...field, moment: change[momentOf] })),
      }),
    }),
  });
}

export const recordDiff = area(({ builder, models, comparison }) => {
  type Diff = RecordDiff & { readonly recordType: string; readonly moment: Moment };
  const diff = builder.objectRef<Diff>('RecordDiff').implement({
    fields: t => ({
      recordType: t.exposeString('recordType'),
      id: t.exposeID('id'),
      existed: t.exposeBoolean('existed', { description: 'Whether it was there, and known, at `from`.' }),
      exists: t.exposeBoolean('exists', { description: 'Whether it was there, and known, at `to`.' }),
      fields: t.field({
        type: [comparison.change],
        description: 'What differs. A record that was not there had no values.',
        resolve: ({ fields, moment }) => fields.map(field => ({ ...field, moment })),
      }),
    }),
  });
  builder.queryField('recordDiff', t =>
    t.field({
      type: diff,
      nullable: true,
      complexity: 50,
      description: 'A record of any type at two moments; null where there is none with this id.',
      args: {
        id: t.arg.id({ required: true }),
        ...twoMomentArgs(builder, comparison.momentInput),
        after: t.arg({ type: 'Position' }),
      },
      resolve: async (_, args, context) => {
        showAfter(context, args.after, 'after');
        const id = idFrom(args.id, 'id');
        const moments = await twoMomentsIn(context, args);
        const recordType = await fetchCategory(context.reads.session, id);
        const model = models.target(recordType);
        if (!model?.of) return null;
        const found = await fetchRecordDiff(context.reads.session, model, id, moments);
        return { ...found, recordType, moment: moments.to };
      },
    }),
  );
});
