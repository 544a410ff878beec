/** Whose events stand in a record's timeline: its own, and for an account also those of what belongs to it. */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import { entityName, type Models } from './models.ts';
import { type Moment, relationAt, truthAt } from './moment.ts';
import { snake } from './names.ts';
import type { ReadSession } from './session.ts';

/** Categories whose records point to the record itself, and through one of those. How they do is found by their columns. */
const FAMILIES: Readonly<Record<string, { direct: readonly string[]; indirect: readonly string[] }>> = {
  account: { direct: ['contact', 'opportunity', 'activity'], indirect: ['activity'] },
  contact: { direct: ['activity'], indirect: [] },
  opportunity: { direct: ['activity'], indirect: [] },
};

/** The condition on `t0`, a row of the timeline: its record is this one, or one of its family at that moment. */
export function inTimelineOf(
  models: Models,
  workspaceId: string,
  category: string,
  id: RawBuilder<unknown>,
  moment: Moment,
): RawBuilder<unknown> {
  const family = FAMILIES[category];
  if (!family) return sql`t0.record_id = ${id}`;
  const membersOf = (categories: readonly string[]) =>
    categories.flatMap(member => models.target(member) ?? []);
  const own = sql`select ${id} as id`;
  const pointing = (model: ReadModel, target: string, ids: RawBuilder<unknown>) =>
    pointers(model, target, ids).map(condition => {
      const truth = truthAt(model, 'r', moment) ?? sql`true`;
      const relation = sql.raw(relationAt(model, moment));
      return sql`select r.id from ${relation} r where r.workspace_id = ${workspaceId} and ${truth} and ${condition}`;
    });
  // What points to the record itself, and then what points to any of those (a call about an opportunity).
  const direct = membersOf(family.direct).flatMap(model =>
    pointing(model, category, own).map(ids => ({ model, ids })),
  );
  const indirect = membersOf(family.indirect).flatMap(model =>
    direct
      .filter(held => held.model !== model)
      .flatMap(held => pointing(model, entityName(held.model), held.ids)),
  );
  const ids = [own, ...direct.map(held => held.ids), ...indirect];
  return sql`t0.record_id in (${sql.join(ids, sql` union `)})`;
}

/** For each column of the model that points to records of the target: that it points to one of these ids. */
const pointers = (model: ReadModel, target: string, ids: RawBuilder<unknown>): RawBuilder<unknown>[] =>
  Object.entries(model.columns)
    .filter(([, column]) => column.target === target)
    .map(([name, { kind }]) => {
      const column = sql.raw(`r.${snake(name)}`);
      return kind === 'refs' ? sql`${column} && array(${ids})` : sql`${column} in (${ids})`;
    });

/** What kind of record it is, as its first event says; empty where there is none with this id. */
export async function fetchCategory(session: ReadSession, id: string): Promise<string> {
  const [row] = await session.read(
    sql`select record_type from crm.timeline where workspace_id = ${session.workspaceId} and record_id = ${id}::uuid limit 1`,
  );
  return (row?.[0] as string | undefined) ?? ''; // a text column
}
