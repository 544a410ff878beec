/** Taking back what a series of commands did: an import, one command, or an undo itself; page by page. */
import { asCommandError } from '../../../commands/errors.ts';
import type { Target } from '../../../commands/undo/record.ts';
import { undoIdOf } from '../../../commands/undo/series.ts';
import { noTally, tally } from '../../../commands/undo/tally.ts';
import { CommandId } from '../../../commands/wish.ts';
import { DEFAULT_PAGE, MAX_PAGE } from '../../../projections/query/page.ts';
import { invalid } from '../../../projections/query/refusal.ts';
import { cursorOf, fetchSeriesRecords, placeOf } from '../../../projections/query/series.ts';
import { apiError, fromCommand } from '../../errors.ts';
import { area } from '../../schema/area.ts';
import { costOf } from '../../schema/connections.ts';
import { type Context, newReads } from '../../schema/context.ts';
import { defineReport, type Report } from './undoReport.ts';

type Asked = {
  readonly correlationId?: string | null | undefined;
  readonly commandId?: string | null | undefined;
  readonly undoId?: string | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
};

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
  const { parked, onFound } = context.reads;
  const { session } = newReads(services, workspaceId, parked, onFound);
  session.after(await services.undo.logEnd());
  const { categories } = services.undo;
  const found = await fetchSeriesRecords(
    session,
    { ...target, categories },
    {
      limit: size + 1,
      ...(place && { after: place }),
    },
  );
  if (found.length === 0 && !place)
    throw apiError('nothing was done under this id, or it touched no record', { code: 'NOT_FOUND' });
  const keys = found.slice(0, size);
  const last = keys.at(-1);
  return { keys, endCursor: last ? cursorOf(last) : null, hasNextPage: found.length > size };
}
