/**
 * What a batch does besides when persons are erased in it, in its own transaction: their keys are destroyed, and what
 * earlier batches wrote about them is cleared, in rows and histories. A fold from scratch gives the same afterwards, as
 * nobody can read those fields any more.
 */
import type pg from 'pg';
import { parseStream } from '../../domain/kernel/aggregate.ts';
import { isErasure } from '../../domain/kernel/erasure.ts';
import { type Subject, subjectName } from '../../eventstore/personal/keySource.ts';
import { againToVacuum, arraysOf, clearingOf, whoIsDue } from './clearing.ts';
import { arrayOf } from './encode.ts';
import type { Happening } from './fold.ts';
import type { Group } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import { type Bulk, statementOf } from './statements.ts';

export type Erased = Subject & { readonly position: bigint };

/** Who is erased says the event's type and place, also where the event itself can't be read. */
export const erasedIn = (happenings: readonly Happening[]): readonly Erased[] =>
  happenings.flatMap(({ type, stream, position }) => {
    const place = type.endsWith('Erased') ? parseStream(stream) : undefined;
    return place && isErasure({ type, category: place.category }) ? [{ ...place, position }] : [];
  });

/** To be carried out after whatever else the batch writes. */
export function erasures(group: Group, erased: readonly Erased[]): readonly Statement[] {
  if (erased.length === 0) return [];
  return [
    // Other groups come to the event later, or as members of this one.
    ...(group.clock ? [statementOf(destroy, erased), statementOf(note, erased)] : []),
    ...group.members.flatMap(({ model, build }) => {
      const clearings = clearingOf(model, build.schema);
      // The vacuum may have been before this build has come to the event.
      const again = clearings.length > 0 && !group.clock ? [againToVacuum(build.schema)] : [];
      return [...clearings, ...again].map(each => statementOf(each, erased));
    }),
  ];
}

/** The same for tables without indexes: they are searched for those alone whom they may hold. */
export async function erasuresDue(
  client: pg.Client,
  group: Group,
  erased: readonly Erased[],
): Promise<readonly Statement[]> {
  if (erased.length === 0) return [];
  const schemas = group.members.map(({ build }) => build.schema);
  const { rows } = await client.query<Subject>(whoIsDue(schemas), arraysOf(erased));
  const names = new Set(rows.map(subjectName));
  return erasures(
    group,
    erased.filter(person => names.has(subjectName(person))),
  );
}

const destroy: Bulk<Erased> = {
  name: 'erase.keys',
  text: 'SELECT vault.erase($1::text[], $2::text[], $3::text[])',
  values: arraysOf,
};

const note: Bulk<Erased> = {
  name: 'erase.note',
  text: `INSERT INTO relata.erasures (workspace_id, category, subject_id, position)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) ON CONFLICT DO NOTHING`,
  values: erased => [...arraysOf(erased), arrayOf(erased, ({ position }) => position)],
};
