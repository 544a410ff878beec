/** What an undo answers: record by record what was taken back, and what was left alone with the reason. */
import type { LeftAlone, TakenBack } from '../../../commands/undo/plan.ts';
import type { RecordUndo } from '../../../commands/undo/record.ts';
import type { Tally } from '../../../commands/undo/tally.ts';
import type { Speech } from '../../../commands/undo/trace.ts';
import type { Tools } from '../../schema/area.ts';

export type Report = {
  readonly undoId: string;
  readonly records: readonly RecordUndo[];
  readonly sums: Tally;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
};

/** Of each record at most so many events are told one by one. */
const MAX_TOLD = 100;

export function defineReport({ builder, types }: Tools) {
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
