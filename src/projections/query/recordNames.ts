/** What records are called, for those who show an id. */
import { fetchByIds } from './fetch.ts';
import { type Models, modelTitle } from './models.ts';
import type { Moment } from './moment.ts';
import { columnsOnly } from './selection.ts';
import type { ReadSession } from './session.ts';

export type NamedRecord = { readonly recordType: string; readonly id: string; readonly name: string | null };

/** A record that isn't there, or not known, at the moment has no name. One statement for each type. */
export async function fetchNames(
  session: ReadSession,
  models: Models,
  moment: Moment,
  records: readonly { readonly recordType: string; readonly id: string }[],
): Promise<readonly NamedRecord[]> {
  const names = new Map<string, string | null>();
  const byType = Map.groupBy(records, ({ recordType }) => recordType);
  await Promise.all(
    [...byType].map(async ([recordType, group]) => {
      const model = models.target(recordType);
      const title = model && modelTitle(model);
      if (!title) return;
      const ids = [...new Set(group.map(({ id }) => id))];
      for (const row of await fetchByIds(session, columnsOnly(model, [title]), ids, moment))
        names.set(`${recordType}/${row.id}`, row[title] as string | null); // a text column
    }),
  );
  return records.map(({ recordType, id }) => ({
    recordType,
    id,
    name: names.get(`${recordType}/${id}`) ?? null,
  }));
}
