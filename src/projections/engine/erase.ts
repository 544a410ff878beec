/**
 * What a batch does besides when persons are erased in it, in its own transaction: their keys are destroyed, and what
 * earlier batches wrote about them is cleared, in rows and histories. A fold from scratch gives the same afterwards, as
 * nobody can read those fields any more.
 */
import { isErasure } from '../../domain/kernel/erasure.ts';
import type { EventType } from '../../domain/kernel/events.ts';
import { loadCatalog } from '../../eventstore/catalog.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { arrayOf } from './encode.ts';
import type { Group } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import { columnsOf, quoted } from './sqlNames.ts';
import { type Bulk, statementOf } from './statements.ts';

const { eventTypes } = await loadCatalog();

/** To be carried out after whatever else the batch writes. */
export function erasures(group: Group, events: readonly RecordedEvent[]): readonly Statement[] {
  const erased = events.filter(isErasure);
  if (erased.length === 0) return [];
  return [
    // Other groups come to the event later, or as members of this one.
    ...(group.clock ? [statementOf(destroy, erased), statementOf(note, erased)] : []),
    ...group.members.flatMap(({ model, build }) =>
      clearingOf(model, build.schema).flatMap(({ category, bulk }) => {
        const own = category === undefined ? erased : erased.filter(event => event.category === category);
        return own.length > 0 ? [statementOf(bulk, own)] : [];
      }),
    ),
  ];
}

const persons = (events: readonly RecordedEvent[]): string[] => [
  arrayOf(events, event => event.workspaceId),
  arrayOf(events, event => event.category),
  arrayOf(events, event => event.aggregateId),
];

const destroy: Bulk<RecordedEvent> = {
  name: 'erase.keys',
  text: 'SELECT vault.erase($1::text[], $2::text[], $3::text[])',
  values: persons,
};

const note: Bulk<RecordedEvent> = {
  name: 'erase.note',
  text: `INSERT INTO relata.erasures (workspace_id, category, subject_id, position)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) ON CONFLICT DO NOTHING`,
  values: events => [...persons(events), arrayOf(events, event => event.position)],
};

/** A statement that clears what a build has of erased persons; of one category, or of any. */
type Clearing = { readonly category: string | undefined; readonly bulk: Bulk<RecordedEvent> };

function clearingOf(model: ReadModel, schema: string): readonly Clearing[] {
  return [...recordClearing(model, schema), ...eventDataClearing(model, schema)];
}

/**
 * Whose rows in this build are to be cleared. A build that began after the key was destroyed has read nothing that it
 * opened, and need not be searched: a minute is longer than a batch whose keys were asked for before is in hand.
 */
const due = (schema: string): string => `(
  SELECT k.* FROM unnest($1::text[], $2::text[], $3::uuid[]) AS k (workspace_id, category, id)
  JOIN vault.subject_keys s
    ON s.workspace_id = k.workspace_id AND s.subject_category = k.category AND s.subject_id = k.id::text
  JOIN relata.builds b ON b.schema_name = '${schema}'
  WHERE s.erased_at > b.created_at - interval '1 minute') AS d`;

/** The personal columns of a person's own rows, and of what they were. */
function recordClearing(model: ReadModel, schema: string): readonly Clearing[] {
  const personal = columnsOf(model).filter(({ of }) => model.columns[of]?.personal);
  if (!model.of || personal.length === 0) return [];
  const cleared = personal
    .map(({ name, kind }) => `${quoted(name)} = ${kind === 'texts' || kind === 'refs' ? `'{}'` : 'NULL'}`)
    .join(', ');
  const category = model.of.category;
  return ['rows', ...(model.history ? ['history'] : [])].map(table => ({
    category,
    bulk: {
      name: `${schema}.erase_${table}`,
      text: `UPDATE ${quoted(schema)}.${table} r SET ${cleared} FROM ${due(schema)}
        WHERE r.workspace_id = d.workspace_id AND r.id = d.id`,
      values: persons,
    },
  }));
}

/** The personal fields in columns that hold events' data: of the person's own events, and of others that name them. */
function eventDataClearing(model: ReadModel, schema: string): readonly Clearing[] {
  return Object.entries(model.columns)
    .filter(([, column]) => column.eventData)
    .flatMap(([column]) => {
      const data = quoted(column);
      const own = [...eventTypes.values()].flatMap(eventType => {
        const fields = fieldsAbout(eventType, undefined);
        return fields.length > 0 ? [{ eventType, fields }] : [];
      });
      const cases = own.map(
        ({ eventType, fields }) => `WHEN ${literal(eventType.type)} THEN ${without(`r.${data}`, fields)}`,
      );
      const update = (set: string, where: string) =>
        `UPDATE ${quoted(schema)}.rows r SET ${data} = ${set} FROM ${due(schema)}
         WHERE r.workspace_id = d.workspace_id AND ${where}`;
      const types = own.map(({ eventType }) => literal(eventType.type)).join(', ');
      const ofRecord = `r.record_id = d.id AND r.record_type = d.category AND r.type IN (${types})`;
      const others = [...eventTypes.values()].flatMap(eventType =>
        holdersOf(eventType).map(({ field, category }) => ({
          category,
          bulk: {
            name: `${schema}.erase_${column}_${eventType.type}_${field}`,
            text: update(
              without(`r.${data}`, fieldsAbout(eventType, field)),
              `r.type = ${literal(eventType.type)} AND r.${data} ->> ${literal(field)} = d.id::text`,
            ),
            values: persons,
          },
        })),
      );
      const text = update(`CASE r.type ${cases.join(' ')} END`, ofRecord);
      const bulk = { name: `${schema}.erase_${column}`, text, values: persons };
      return [...(own.length > 0 ? [{ category: undefined, bulk }] : []), ...others];
    });
}

type Field = { readonly name: string; readonly isList: boolean };

/** The personal fields about the record that another field names, or about the event's own record. */
const fieldsAbout = ({ personal }: EventType, holder: string | undefined): readonly Field[] =>
  [...personal].flatMap(([name, { subject, isList }]) =>
    subject?.field === holder ? [{ name, isList }] : [],
  );

function holdersOf({ personal }: EventType) {
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
