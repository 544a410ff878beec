/**
 * What a batch does besides when persons are erased in it, in its own transaction: their keys are destroyed, and what
 * earlier batches wrote about them is cleared, in rows and histories. A fold from scratch gives the same afterwards, as
 * nobody can read those fields any more.
 */
import { isErasure } from '../../domain/kernel/erasure.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import { arraysOf, clearingOf, type Person } from './clearing.ts';
import { arrayOf } from './encode.ts';
import type { Group } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import { type Bulk, statementOf } from './statements.ts';

type Erased = Person & { readonly position: bigint };

/** To be carried out after whatever else the batch writes. */
export function erasures(group: Group, events: readonly RecordedEvent[]): readonly Statement[] {
  const erased = events
    .filter(isErasure)
    .map(({ workspaceId, category, aggregateId: id, position }) => ({ workspaceId, category, id, position }));
  if (erased.length === 0) return [];
  return [
    // Other groups come to the event later, or as members of this one.
    ...(group.clock ? [statementOf(destroy, erased), statementOf(note, erased)] : []),
    ...group.members.flatMap(({ model, build }) =>
      clearingOf(model, build.schema).map(clearing => statementOf(clearing, erased)),
    ),
  ];
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
