/** The statements that clear what a build has of erased persons, in the rows and in all that they were. */
import type { EventType } from '../../domain/kernel/events.ts';
import { loadCatalog } from '../../eventstore/catalog.ts';
import type { Subject } from '../../eventstore/personal/keySource.ts';
import type { ReadModel } from '../readModel.ts';
import { arrayOf } from './encode.ts';
import { columnsOf, quoted, snake } from './sqlNames.ts';
import type { Bulk } from './statements.ts';

const { eventTypes } = await loadCatalog();

export const arraysOf = (persons: readonly Subject[]): string[] => [
  arrayOf(persons, ({ workspaceId }) => workspaceId),
  arrayOf(persons, ({ category }) => category),
  arrayOf(persons, ({ id }) => id),
];

type Known = {
  /** The columns that the build's tables have: all that are declared, unless it is of another version. */
  readonly has?: (column: string) => boolean;
  readonly types?: Iterable<EventType>;
};

export function clearingOf(
  model: ReadModel,
  schema: string,
  { has = () => true, types = eventTypes.values() }: Known = {},
): readonly Bulk<Subject>[] {
  const eventData = Object.entries(model.columns).filter(
    ([name, column]) => column.eventData && has(snake(name)),
  );
  const declared = [...types];
  return [
    ...recordClearing(model, schema, has),
    ...eventData.flatMap(([column]) => eventDataClearing(snake(column), schema, declared)),
  ];
}

/**
 * Whose rows in this build are to be cleared. A build that began after the key was destroyed has read nothing that it
 * opened, and need not be searched: a minute is longer than a batch whose keys were asked for before is in hand.
 */
const due = (...schemas: readonly string[]): string => `(
  SELECT k.* FROM unnest($1::text[], $2::text[], $3::uuid[]) AS k (workspace_id, category, id)
  JOIN vault.subject_keys s
    ON s.workspace_id = k.workspace_id AND s.subject_category = k.category AND s.subject_id = k.id::text
  JOIN relata.builds b ON b.schema_name IN (${schemas.map(schema => `'${schema}'`).join(', ')})
  WHERE s.erased_at > b.created_at - interval '1 minute') AS d`;

/** Those of the persons whose rows are to be cleared in any of these builds. */
export const whoIsDue = (schemas: readonly string[]): string =>
  `SELECT DISTINCT d.workspace_id AS "workspaceId", d.category, d.id::text FROM ${due(...schemas)}`;

/** The build has versions that were cleared after others' were vacuumed. */
export const againToVacuum = (schema: string): Bulk<Subject> => ({
  name: `${schema}.erase_again`,
  text: `UPDATE relata.erasures e SET vacuumed = false FROM ${due(schema)}
    WHERE e.vacuumed AND e.workspace_id = d.workspace_id AND e.category = d.category AND e.subject_id = d.id::text`,
  values: arraysOf,
});

/** The personal columns of a person's own rows, and of what they were. */
function recordClearing(
  model: ReadModel,
  schema: string,
  has: (column: string) => boolean,
): readonly Bulk<Subject>[] {
  const personal = columnsOf(model).filter(({ of, name }) => model.columns[of]?.personal && has(name));
  if (!model.of || personal.length === 0) return [];
  const cleared = personal
    .map(({ name, kind }) => `${quoted(name)} = ${kind === 'texts' || kind === 'refs' ? `'{}'` : 'NULL'}`)
    .join(', ');
  const category = literal(model.of.category);
  return ['rows', ...(model.history ? ['history'] : [])].map(table => ({
    name: `${schema}.erase_${table}`,
    text: `UPDATE ${quoted(schema)}.${table} r SET ${cleared} FROM ${due(schema)}
      WHERE d.category = ${category} AND r.workspace_id = d.workspace_id AND r.id = d.id`,
    values: arraysOf,
  }));
}

/** The personal fields in a column that holds events' data: of the person's own events, and of others that name them. */
function eventDataClearing(
  column: string,
  schema: string,
  types: readonly EventType[],
): readonly Bulk<Subject>[] {
  const data = `r.${quoted(column)}`;
  const update = (set: string, where: string) =>
    `UPDATE ${quoted(schema)}.rows r SET ${quoted(column)} = ${set} FROM ${due(schema)}
     WHERE r.workspace_id = d.workspace_id AND ${where}`;
  const own = types.flatMap(({ type, personal }) => {
    const fields = fieldsAbout(personal, undefined);
    return fields.length > 0 ? [{ type: literal(type), left: without(data, fields) }] : [];
  });
  const texts = types.flatMap(({ type, personal }) =>
    holdersOf(personal).map(({ field, category }) =>
      update(
        without(data, fieldsAbout(personal, field)),
        `d.category = ${literal(category)} AND r.type = ${literal(type)} AND ${data} ->> ${literal(field)} = d.id::text`,
      ),
    ),
  );
  if (own.length > 0)
    texts.push(
      update(
        `CASE r.type ${own.map(({ type, left }) => `WHEN ${type} THEN ${left}`).join(' ')} END`,
        `r.record_id = d.id AND r.record_type = d.category AND r.type IN (${own.map(({ type }) => type).join(', ')})`,
      ),
    );
  return texts.map((text, i) => ({ name: `${schema}.erase_${column}_${i}`, text, values: arraysOf }));
}

type Fields = EventType['personal'];
type Field = { readonly name: string; readonly isList: boolean };

/** The personal fields about the record that another field names, or about the event's own record. */
const fieldsAbout = (personal: Fields, holder: string | undefined): readonly Field[] =>
  [...personal].flatMap(([name, { subject, isList }]) =>
    subject?.field === holder ? [{ name, isList }] : [],
  );

function holdersOf(personal: Fields) {
  const subjects = [...personal.values()].flatMap(({ subject }) => subject ?? []);
  return [...new Map(subjects.map(subject => [subject.field, subject])).values()];
}

/** As `domain/kernel/personal.ts` does it: fields are gone, and lists are empty. */
function without(data: string, fields: readonly Field[]): string {
  const gone = fields.map(({ name }) => `- ${literal(name)}`).join(' ');
  const empty = fields
    .filter(({ isList }) => isList)
    .map(({ name }) => {
      const list = literal(JSON.stringify({ [name]: [] }));
      return `|| CASE WHEN ${data} ? ${literal(name)} THEN ${list}::jsonb ELSE '{}' END`;
    });
  return `((${data} ${gone}) ${empty.join(' ')})`;
}

/** Names come from declarations; anything but a plain word is a bug. */
function literal(word: string): string {
  if (/['\\]/.test(word)) throw new Error(`${word} can't stand in a statement`);
  return `'${word}'`;
}
