/** What the codec needs of persons' keys, wherever they are kept. */
import { type KeyObject, randomUUID } from 'node:crypto';
import type { PersonalField } from '../../domain/kernel/personal.ts';
import type { Id } from '../../domain/kernel/values.ts';

/** A person, as the record that stands for them. */
export type Subject = { readonly workspaceId: string; readonly category: string; readonly id: Id };

export const subjectName = ({ workspaceId, category, id }: Subject): string =>
  `${workspaceId}|${category}|${id}`;

/** 32 bytes under an id; as a key object, since preparing it from bytes costs more than all that is done with it. */
export type Key = { readonly id: Id; readonly secret: KeyObject };

export type KeySource = {
  /** By `subjectName`: the key to write with, durable before this resolves; none for an erased person. */
  readonly forWriting: (subjects: readonly Subject[]) => Promise<ReadonlyMap<string, Key>>;
  readonly forReading: (wanted: Wanted) => Promise<Found>;
};

export type Wanted = {
  readonly keyIds: ReadonlySet<string>;
  /** Persons about whom something was written in the clear: whether they are erased. */
  readonly subjects: readonly Subject[];
};

export type Found = {
  /** By id; one that was destroyed has nothing, and one that nobody has ever heard of is not here. */
  readonly keys: ReadonlyMap<string, KeyObject | undefined>;
  /** Names of erased persons, of those that were asked for in either way. */
  readonly erased: ReadonlySet<string>;
};

export const newKeyId = (): Id => randomUUID();

/** Whom a field is about; nothing where its event names nobody. */
export function subjectOf(
  field: PersonalField,
  record: Subject,
  data: Readonly<Record<string, unknown>>,
): Subject | undefined {
  if (!field.subject) return record;
  const { category, field: holder } = field.subject;
  const id = data[holder];
  return typeof id === 'string' ? { workspaceId: record.workspaceId, category, id } : undefined;
}
