/** Taking back what a series of commands did: an import, one command, or an undo itself; page by page. */
import { asCommandError } from '../../../commands/errors.ts';
import type { LeftAlone, TakenBack } from '../../../commands/undo/plan.ts';
import type { RecordUndo, Target } from '../../../commands/undo/record.ts';
import { undoIdOf } from '../../../commands/undo/series.ts';
import { noTally, type Tally, tally } from '../../../commands/undo/tally.ts';
import type { Speech } from '../../../commands/undo/trace.ts';
import { CommandId } from '../../../commands/wish.ts';
import { DEFAULT_PAGE, MAX_PAGE } from '../../../projections/query/page.ts';
import { invalid } from '../../../projections/query/refusal.ts';
import { cursorOf, fetchSeriesRecords, placeOf } from '../../../projections/query/series.ts';
import { apiError, fromCommand } from '../../errors.ts';
import { area, type Tools } from '../../schema/area.ts';
import { costOf } from '../../schema/connections.ts';
import { type Context, newReads } from '../../schema/context.ts';

type Asked = {
  readonly correlationId?: string | null | undefined;
  readonly commandId?: string | null | undefined;
  readonly undoId?: string | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
};

type Report = {
  readonly undoId: string;
  readonly records: readonly RecordUndo[];
  readonly sums: Tally;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
};

/** Of each record at most so many events are told one by one. */
const MAX_TOLD = 100;

const TARGET = {
  correlationId: 'Take back all that was done with this correlation, such as an import.',
  commandId: 'Take back what this one command did.',
  undoId:
    'The correlation of what is written; by it the undo can be undone. It follows from what is taken back by default: sent again, an undo does what is left to do, and nothing twice.',
  first: `So many records at once, from 1 to ${MAX_PAGE}; ${DEFAULT_PAGE} by default. The one that was touched last comes first.`,
  after: 'Go on after this cursor.',
};

export const undoing = area(tools => {
  const { builder } = tools;
  const report = defineReport(tools);
  const input = builder.inputType('UndoInput', {
    fields: t => ({
      correlationId: t.string({ description: TARGET.correlationId }),
      commandId: t.string({ description: TARGET.commandId }),
      undoId: t.string({ description: TARGET.undoId }),
      first: t.int({ description: TARGET.first }),
      after: t.string({ description: TARGET.after }),
    }),
  });

  builder.queryField('undoPreview', t =>
    t.field({
      type: report,
      complexity: costOf,
      description: 'What `undo` would do now. Nothing is written.',
      args: {
        correlationId: t.arg.string({ description: TARGET.correlationId }),
        commandId: t.arg.string({ description: TARGET.commandId }),
        first: t.arg.int({ description: TARGET.first }),
        after: t.arg.string({ description: TARGET.after }),
      },
      resolve: (_, args, context) => run(args, context, { isPreview: true }),
    }),
  );

  builder.mutationField('undo', t =>
    t.field({
      type: report,
      nullable: true,
      complexity: ({ input: asked }) => costOf(asked),
      description:
        'Takes back what a series of commands, or one command, did: by new events, decided by the rules of today. What was edited since is left alone and listed; a record that was begun goes into the archive, unless it was edited since. Send it again with `after` while there are more records.',
      args: { input: t.arg({ type: input, required: true }) },
      resolve: (_, args, context) => run(args.input, context, {}),
    }),
  );
});

function defineReport({ builder, types }: Tools) {
  const actorType = types.enums('ActorType', ['user', 'apiKey', 'process', 'import']);
  const reason = types.enums('LeftAloneReason', ['EDITED_SINCE', 'REFUSED', 'STAYS']);

  const event = builder.objectRef<Speech>('UndoneEvent').implement({
    fields: t => ({
      type: t.exposeString('type'),
      revision: t.exposeInt('revision'),
      occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
      recordedAt: t.expose('recordedAt', { type: 'DateTime' }),
      actorType: t.field({ type: actorType, resolve: ({ actor }) => actor.type }),
      actorId: t.string({ resolve: ({ actor }) => actor.id }),
      commandId: t.exposeString('commandId'),
      correlationId: t.exposeString('correlationId'),
    }),
  });
  const takenBack = builder.objectRef<TakenBack>('TakenBack').implement({
    fields: t => ({
      event: t.expose('event', { type: event }),
      parts: t.exposeStringList('parts', { description: 'What of it is as it was before.' }),
    }),
  });
  const leftAlone = builder.objectRef<LeftAlone>('LeftAlone').implement({
    fields: t => ({
      event: t.expose('event', {
        type: event,
        nullable: true,
        description: 'Absent where the record could not be read.',
      }),
      parts: t.exposeStringList('parts', {
        description: 'What stays as it is; none means all of the record.',
      }),
      reason: t.expose('why', { type: reason }),
      rule: t.exposeString('rule', {
        nullable: true,
        description: 'What refused it, as `extensions.rule` or `code` of errors.',
      }),
      message: t.exposeString('message'),
      by: t.expose('by', { type: event, nullable: true, description: 'The latest edit of it.' }),
    }),
  });
  const record = builder.objectRef<RecordUndo>('RecordUndo').implement({
    fields: t => ({
      recordType: t.exposeString('category'),
      recordId: t.exposeID('id'),
      takenBackCount: t.int({ resolve: ({ takenBack: { length } }) => length }),
      takenBack: t.field({
        type: [takenBack],
        description: `The first ${MAX_TOLD}.`,
        resolve: ({ takenBack: list }) => list.slice(0, MAX_TOLD),
      }),
      leftAloneCount: t.int({ resolve: ({ leftAlone: { length } }) => length }),
      leftAlone: t.field({
        type: [leftAlone],
        description: `The first ${MAX_TOLD}.`,
        resolve: ({ leftAlone: list }) => list.slice(0, MAX_TOLD),
      }),
      already: t.exposeInt('already', { description: 'Events that had been taken back before.' }),
    }),
  });
  return builder.objectRef<Report>('UndoReport').implement({
    description: 'What was taken back, and what was left alone, in one page of records.',
    fields: t => ({
      undoId: t.exposeID('undoId', { description: 'Undo this correlation to undo the undo.' }),
      records: t.expose('records', { type: [record], complexity: { field: 0, multiplier: 1 } }),
      takenBack: t.int({ description: 'Events.', resolve: ({ sums }) => sums.takenBack }),
      leftAlone: t.int({ resolve: ({ sums }) => sums.leftAlone }),
      already: t.int({ resolve: ({ sums }) => sums.already }),
      position: t.field({
        type: 'Position',
        nullable: true,
        description: 'Queries that are given it as `after` show what was done; absent where nothing was.',
        resolve: ({ sums }) => sums.position ?? null,
      }),
      endCursor: t.exposeString('endCursor', { nullable: true }),
      hasNextPage: t.exposeBoolean('hasNextPage'),
    }),
  });
}

async function run(asked: Asked, context: Context, mode: { readonly isPreview?: true }): Promise<Report> {
  const target = targetOf(asked);
  const { services, workspaceId, actor } = context;
  const undoId = asked.undoId ?? undoIdOf(workspaceId, target);
  if (!CommandId.safeParse(undoId).success) throw invalid('undoId', 'must be visible ASCII without spaces');
  if (undoId === asked.correlationId)
    throw invalid('undoId', 'must be another correlation than the one undone');
  try {
    const { keys, ...page } = await pageOf(target, asked, context);
    const request = { target, undoId, context: { workspaceId, actor }, ...mode };
    const records = await Array.fromAsync(services.undo.undo(request, keys));
    const sums = noTally();
    for (const record of records) tally(sums, record);
    return { undoId, records, sums, ...page };
  } catch (error) {
    const known = asCommandError(error);
    throw known ? fromCommand(known) : error;
  }
}

function targetOf({ correlationId, commandId }: Asked): Target {
  if ((correlationId ?? '') !== '' && (commandId ?? '') === '') return { correlationId: correlationId ?? '' };
  if ((commandId ?? '') !== '' && (correlationId ?? '') === '') return { commandId: commandId ?? '' };
  throw invalid('correlationId', 'give either a correlationId or a commandId');
}

/** From a snapshot of its own, which shows all that had been written when it was asked. */
async function pageOf(target: Target, { first, after }: Asked, context: Context) {
  const { services, workspaceId } = context;
  const size = first ?? DEFAULT_PAGE;
  if (size < 1 || size > MAX_PAGE) throw invalid('first', `must be from 1 to ${MAX_PAGE}`);
  const place = after ? placeOf(after) : undefined;
  if (after && !place) throw invalid('after', 'is not a cursor of this list; begin again without it');
  const { session } = newReads(services, workspaceId);
  session.after(await services.undo.logEnd());
  const found = await fetchSeriesRecords(session, target, {
    limit: size + 1,
    ...(place && { after: place }),
  });
  if (found.length === 0 && !place)
    throw apiError('nothing was done under this id, or it touched no record', { code: 'NOT_FOUND' });
  const keys = found.slice(0, size);
  const last = keys.at(-1);
  return { keys, endCursor: last ? cursorOf(last) : null, hasNextPage: found.length > size };
}
