/**
 * What every record has besides its own rules: details that can be edited, an owner, tags, an archive. Their events
 * and commands are derived here from the aggregate's name and detail fields, and never written by hand.
 */
import { z } from 'zod';
import { type CommandDeclaration, command } from './command.ts';
import { type AnyEventSet, defineEvents, described, type NewEvent } from './events.ts';
import { isPersonal, markedLike, personal } from './personal.ts';
import { type Rejection, reject } from './rejection.ts';
import { type AnyUndo, call, part } from './undo.ts';
import { Id, Ref, type Shape, Tag, Text } from './values.ts';

/** The part of an aggregate's state that the kernel folds for all of them. */
export type RecordState = {
  readonly exists: boolean;
  readonly archived: boolean;
  /** Its personal fields are gone for good, and no command is taken any more. */
  readonly erased: boolean;
  readonly ownerId: Id | null;
  readonly tags: readonly string[];
  /** The detail fields as they are now; a cleared one is absent. */
  readonly details: Readonly<Record<string, unknown>>;
};

export const noRecord: RecordState = {
  exists: false,
  archived: false,
  erased: false,
  ownerId: null,
  tags: [],
  details: {},
};

/** Fields that each creating command takes and each first event holds. */
export const ownership = { ownerId: Ref('user').optional(), tags: z.array(Tag).max(50).optional() };

/** `opportunity` → `Opportunity`. */
export const pascal = (category: string): string => category.charAt(0).toUpperCase() + category.slice(1);

/** The event types that each record has: `AccountDetailsChanged`, `AccountOwnerChanged`, `AccountArchived`, … */
export const recordEvents = (category: string, details: Shape): AnyEventSet => {
  const name = pascal(category);
  const reason = Text(500).optional();
  // Why a person's record was archived is about the person.
  const ofPerson = Object.values(details).some(isPersonal);
  return defineEvents(category, {
    [`${name}DetailsChanged`]: described(
      'Details were changed: the fields that are there, to these values; null cleared one.',
      editable(details),
    ),
    [`${name}OwnerChanged`]: described('It passed to another owner, or to none.', {
      from: Id.nullable(),
      to: Id.nullable(),
    }),
    [`${name}Archived`]: described('It was put away: it stays readable and takes no changes.', {
      reason: ofPerson ? personal(reason) : reason,
    }),
    [`${name}Restored`]: described('It came back from the archive.', {}),
    [`${name}TagApplied`]: described('It got a tag.', { tag: Tag }),
    [`${name}TagRemoved`]: described('It lost a tag.', { tag: Tag }),
  });
};

/** Every field optional; those that were optional before can also be cleared with null. */
const editable = (details: Shape): Shape =>
  Object.fromEntries(
    Object.entries(details).map(([field, schema]) => {
      const type = schema as z.ZodType;
      const change = isOptional(type) ? type.nullable().optional() : type.optional();
      return [field, markedLike(type, change)];
    }),
  );

export const isOptional = (schema: z.ZodType): boolean => schema.safeParse(undefined).success;

/** Folds the common part; `first` says that the event created the record. */
export function evolveRecord(
  record: RecordState,
  suffix: string | undefined,
  data: Readonly<Record<string, unknown>>,
  detailFields: readonly string[],
): RecordState {
  if (!record.exists) {
    const given = detailFields
      .filter(field => data[field] !== undefined)
      .map(field => [field, data[field]] as const);
    return {
      exists: true,
      archived: false,
      erased: false,
      ownerId: (data.ownerId as Id | undefined) ?? null,
      tags: [...new Set((data.tags as string[] | undefined) ?? [])],
      details: Object.fromEntries(given),
    };
  }
  switch (suffix) {
    case 'DetailsChanged':
      return { ...record, details: applyChanges(record.details, data) };
    case 'OwnerChanged':
      return { ...record, ownerId: data.to as Id | null };
    case 'Archived':
      return { ...record, archived: true };
    case 'Restored':
      return { ...record, archived: false };
    case 'TagApplied':
      return { ...record, tags: [...record.tags, data.tag as string] };
    case 'TagRemoved':
      return { ...record, tags: record.tags.filter(tag => tag !== data.tag) };
    default:
      return record;
  }
}

const applyChanges = (
  before: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
) => {
  const merged = Object.entries({ ...before, ...changes });
  return Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined));
};

/** The commands that each record has: `changeAccountDetails`, `changeAccountOwner`, `archiveAccount`, … */
export function recordCommands<S>(category: string, details: Shape): Record<string, CommandDeclaration<S>> {
  const name = pascal(category);
  const event = (suffix: string, data: Readonly<Record<string, unknown>>): NewEvent => ({
    type: name + suffix,
    data,
  });
  const define = command<S>();
  return {
    [`change${name}Details`]: define({
      input: editable(details),
      decide: (input, _, { record }) => {
        const changes = Object.entries(input).filter(([field, value]) =>
          differs(record.details[field], value),
        );
        return changes.length === 0 ? [] : [event('DetailsChanged', Object.fromEntries(changes))];
      },
    }),
    [`change${name}Owner`]: define({
      input: { ownerId: Ref('user').nullable() },
      decide: ({ ownerId }, _, { record }) =>
        record.ownerId === ownerId ? [] : [event('OwnerChanged', { from: record.ownerId, to: ownerId })],
    }),
    [`archive${name}`]: define({
      input: { reason: Text(500).optional() },
      worksOnArchived: true,
      decide: (input, _, { record }) => (record.archived ? [] : [event('Archived', input)]),
    }),
    [`restore${name}`]: define({
      input: {},
      worksOnArchived: true,
      decide: (_input, _, { record }) => (record.archived ? [event('Restored', {})] : []),
    }),
    [`tag${name}`]: define({
      input: { tags: z.array(Tag).min(1).max(50) },
      decide: ({ tags }, _, { record }) => {
        const added = [...new Set(tags)].filter(tag => !record.tags.includes(tag));
        if (record.tags.length + added.length > 50) return tooManyTags();
        return added.map(tag => event('TagApplied', { tag }));
      },
    }),
    [`untag${name}`]: define({
      input: { tags: z.array(Tag).min(1).max(50) },
      decide: ({ tags }, _, { record }) =>
        [...new Set(tags)].filter(tag => record.tags.includes(tag)).map(tag => event('TagRemoved', { tag })),
    }),
  };
}

/** How the derived events are taken back. */
export function recordUndo(category: string, details: Shape): Readonly<Record<string, AnyUndo>> {
  const name = pascal(category);
  return {
    [`${name}DetailsChanged`]: (data, _, record) => {
      const fields = Object.keys(data).filter(field => field in details);
      const before = Object.fromEntries(fields.map(field => [field, record.details[field] ?? null]));
      const input = (parts: ReadonlySet<string>) =>
        Object.fromEntries(Object.entries(before).filter(([field]) => parts.has(field)));
      return { parts: fields, back: parts => [call(`change${name}Details`, input(parts))] };
    },
    [`${name}OwnerChanged`]: data => part('ownerId', call(`change${name}Owner`, { ownerId: data.from })),
    [`${name}Archived`]: () => part('archived', call(`restore${name}`)),
    [`${name}Restored`]: () => part('archived', call(`archive${name}`)),
    [`${name}TagApplied`]: ({ tag }) => part(`tags.${tag}`, call(`untag${name}`, { tags: [tag] })),
    [`${name}TagRemoved`]: ({ tag }) => part(`tags.${tag}`, call(`tag${name}`, { tags: [tag] })),
  };
}

const tooManyTags = () => reject('TOO_MANY_TAGS', 'a record has at most 50 tags; remove some first', 'tags');

/** Whether a given value changes the field; details are plain JSON, so their JSON tells. */
const differs = (before: unknown, given: unknown): boolean =>
  given !== undefined && JSON.stringify(before ?? null) !== JSON.stringify(given);

/** The rules that stand before any command's own: the record exists (or not yet), and is not erased or archived. */
export function checkRecord(
  declaration: Pick<CommandDeclaration, 'creates' | 'worksOnArchived' | 'worksOnErased' | 'anyState'>,
  record: RecordState,
  name: string,
): Rejection | undefined {
  if (declaration.anyState) return undefined;
  if (declaration.creates)
    return record.exists ? reject('ALREADY_EXISTS', `this ${name} exists already`) : undefined;
  if (!record.exists) return reject('NOT_FOUND', `there is no ${name} with this id`, 'id');
  if (record.erased && !declaration.worksOnErased)
    return reject('ERASED', `the person of this ${name} was erased; nothing can be added to it`);
  if (record.archived && !declaration.worksOnArchived)
    return reject('ARCHIVED', `this ${name} is archived; restore it first`);
  return undefined;
}
