/** The personal fields of whole events: sealed before they are stored, opened after they are read, gone when erased. */
import type { KeyObject } from 'node:crypto';
import type { EventType } from '../../domain/kernel/events.ts';
import { withoutFields } from '../../domain/kernel/personal.ts';
import { vaultError } from './errors.ts';
import { type Found, type Key, type Subject, subjectName, subjectOf, type Wanted } from './keySource.ts';
import { type Nonces, openField, sealField } from './seal.ts';

type Data = Readonly<Record<string, unknown>>;
/** As the envelope has it: which key each sealed field is under. */
export type FieldKeys = Readonly<Record<string, string>>;

/** An event's place, and what stands there. */
export type At = { readonly stream: string; readonly record: Subject; readonly eventType: EventType };

/** Whose keys are needed to write the data. */
export function subjectsIn({ eventType, record }: At, data: Data): readonly Subject[] {
  const subjects: Subject[] = [];
  for (const [name, field] of eventType.personal) {
    if (data[name] === undefined) continue;
    const subject = subjectOf(field, record, data);
    if (!subject) throw new Error(`${eventType.type} has ${name}, and doesn't say whom it is about`);
    subjects.push(subject);
  }
  return subjects;
}

/** @throws `SUBJECT_ERASED`. */
export function sealData(
  at: At,
  data: Data,
  keys: ReadonlyMap<string, Key>,
  nonces: Nonces,
): { readonly data: Record<string, unknown>; readonly keys: FieldKeys | undefined } {
  const sealed: Record<string, unknown> = { ...data };
  const used: Record<string, string> = {};
  for (const [name, field] of at.eventType.personal) {
    const subject = data[name] === undefined ? undefined : subjectOf(field, at.record, data);
    if (!subject) continue;
    const key = keys.get(subjectName(subject));
    if (!key)
      throw vaultError('SUBJECT_ERASED', `the person that ${name} is about was erased; nothing can be added`);
    sealed[name] = sealField(key.secret, placeOf(at, name), data[name], nonces);
    used[name] = key.id;
  }
  return { data: sealed, keys: Object.keys(used).length > 0 ? used : undefined };
}

/** What must be known to read the data. */
export function wantedFor({ eventType, record }: At, data: Data, keys: FieldKeys): Wanted {
  const subjects: Subject[] = [];
  for (const [name, field] of eventType.personal) {
    if (data[name] === undefined || keys[name] !== undefined) continue;
    const subject = subjectOf(field, record, data);
    if (subject) subjects.push(subject);
  }
  return { keyIds: new Set(Object.values(keys)), subjects };
}

/**
 * The data with what can be read in them. @throws `KEY_MISSING`, or for a field that was altered.
 */
export function openData(at: At, data: Data, keys: FieldKeys, found: Found): Record<string, unknown> {
  const opened: Record<string, unknown> = { ...data };
  const gone = new Set<string>();
  for (const [name, keyId] of Object.entries(keys)) {
    if (!(name in data)) continue;
    if (!found.keys.has(keyId)) throw missing(at, name, keyId);
    const secret = found.keys.get(keyId);
    if (secret) opened[name] = openSafely(secret, at, name, data[name]);
    else gone.add(name);
  }
  const { personal } = at.eventType;
  return eraseData(
    at,
    withoutFields(opened, personal, name => gone.has(name)),
    found,
  );
}

/** Without the fields about erased persons: those of older events were stored in the clear, or under other names. */
export function eraseData(
  { eventType, record }: At,
  data: Record<string, unknown>,
  { erased }: Found,
): Record<string, unknown> {
  const { personal } = eventType;
  if (erased.size === 0) return data;
  return withoutFields(data, personal, name => {
    const field = personal.get(name);
    const subject = field && subjectOf(field, record, data);
    return subject !== undefined && erased.has(subjectName(subject));
  });
}

const placeOf = ({ stream, record, eventType }: At, field: string) => ({
  workspaceId: record.workspaceId,
  stream,
  type: eventType.type,
  field,
});

function openSafely(secret: KeyObject, at: At, name: string, sealed: unknown): unknown {
  try {
    return openField(secret, placeOf(at, name), sealed);
  } catch (cause) {
    throw new Error(`its field ${name} was altered, or is from another place`, { cause });
  }
}

const missing = ({ stream, eventType }: At, name: string, keyId: string) =>
  vaultError(
    'KEY_MISSING',
    `The key ${keyId} of ${name} in an event ${eventType.type} of ${stream} is not in the vault, and was not destroyed there: the database is older than the event store, or is another one. Restore its schema vault from a backup that is as new as the log, then start again.`,
  );
