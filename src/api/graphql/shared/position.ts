/** Which place in the log an answer shows. */
import { sql } from 'kysely';
import { VISIBLE_POSITION } from '../../../projections/engine/logClock.ts';
import { area } from '../../schema/area.ts';

export const shownPosition = area(({ builder }) => {
  builder.queryField('position', t =>
    t.field({
      type: 'Position',
      description:
        'Up to where the log is visible in this very answer; as `knownAtPosition` it shows the same again.',
      resolve: async (_root, _args, { reads }) => {
        const [row] = await reads.session.read(sql`select ${sql.raw(VISIBLE_POSITION)}::bigint`);
        return row?.[0] as bigint; // the expression always has a value
      },
    }),
  );
});
