/** One record at two moments. */

import type { ReadModel } from '../readModel.ts';
import { fetchByIds } from './fetch.ts';
import { comparedColumns, type FieldChange, fieldChanges } from './fieldChanges.ts';
import type { Moment } from './moment.ts';
import { columnsOnly } from './selection.ts';
import type { ReadSession } from './session.ts';

export type RecordDiff = {
  readonly id: string;
  /** Whether it was there, and known, at each of the two. */
  readonly existed: boolean;
  readonly exists: boolean;
  readonly fields: readonly FieldChange[];
};

export async function fetchRecordDiff(
  session: ReadSession,
  model: ReadModel,
  id: string,
  { from, to }: { readonly from: Moment; readonly to: Moment },
): Promise<RecordDiff> {
  const columns = comparedColumns(model);
  const at = (moment: Moment) => fetchByIds(session, columnsOnly(model, columns), [id], moment);
  const [[before], [after]] = await Promise.all([at(from), at(to)]);
  return {
    id,
    existed: before !== undefined,
    exists: after !== undefined,
    fields: fieldChanges(model, columns, before, after),
  };
}
