/** What could not be kept up to date, and why: for administrators. */
import { fetchParked, type ParkedEntry } from '../../../projections/query/parkedList.ts';
import { invalid } from '../../../projections/query/refusal.ts';
import { area } from '../../schema/area.ts';

const MOST = 500;

export const parkedRows = area(({ builder }) => {
  const entry = builder.objectRef<ParkedEntry>('ParkedRow').implement({
    description: 'What a read model holds without its last events, as one of them could not be applied.',
    fields: t => ({
      id: t.exposeID('id', { description: 'For `relata parked show` and `retry`.' }),
      model: t.exposeString('model', { description: 'The read model.' }),
      recordId: t.exposeID('recordId', {
        description: 'The row; where all that a record’s events touch is parked, the record.',
      }),
      stream: t.exposeString('stream'),
      revision: t.exposeInt('revision', { description: 'Of the first event that is not applied.' }),
      type: t.exposeString('type'),
      position: t.expose('position', { type: 'Position' }),
      code: t.exposeString('code', { description: '`UNDECODABLE`, `FOLD_FAILED` or `WRITE_FAILED`.' }),
      reason: t.exposeString('reason', { description: 'What stops it now.' }),
      behind: t.exposeInt('behind', { description: 'How many later events are not applied either.' }),
      parkedAt: t.expose('parkedAt', { type: 'DateTime' }),
      attempts: t.exposeInt('attempts', { description: 'How often it was tried again in vain.' }),
    }),
  });
  builder.queryField('parked', t =>
    t.field({
      type: [entry],
      complexity: { field: 5, multiplier: 50 },
      description: 'Rows that could not be kept up to date, in the order in which they were parked.',
      args: { first: t.arg.int({ description: `From 0 to ${MOST}; 50 by default.` }) },
      resolve: async (_, { first }, { reads }) => {
        const size = first ?? 50;
        if (size < 0 || size > MOST) throw invalid('first', `must be from 0 to ${MOST}`);
        return fetchParked(reads.session, size);
      },
    }),
  );
});
