/**
 * Erasing a person: the event and the command that each record with personal fields has. What they mean for keys, read
 * models and reservations is done by those who meet the event.
 */
import { type CommandDeclaration, command } from './command.ts';
import { type AnyEventSet, defineEvents, described } from './events.ts';
import { isPersonal } from './personal.ts';
import { pascal, type RecordState } from './record.ts';
import { type AnyUndo, never } from './undo.ts';
import { type Shape, Text } from './values.ts';

/** `contact` → `ContactErased`. */
export const erasureType = (category: string): string => `${pascal(category)}Erased`;

/** Whether the event says that the person whose record it stands in is erased. */
export const isErasure = ({
  type,
  category,
}: {
  readonly type: string;
  readonly category: string;
}): boolean => type.endsWith('Erased') && type === erasureType(category);

/** Kept as proof that it was done and why; so it names nobody. */
const reason = Text(500).optional();

export const erasureEvents = (category: string): AnyEventSet =>
  defineEvents(category, {
    [erasureType(category)]: described(
      'The person was erased: no personal field of the record can be read any more, in no event before.',
      { reason },
    ),
  });

export const erasureCommands = <S>(category: string): Record<string, CommandDeclaration<S>> => ({
  [`erase${pascal(category)}`]: command<S>()({
    description:
      'Destroys the key of the person: their personal fields can’t be read any more, by nobody and at no moment. ' +
      'It can’t be undone. The reason stays, so it must not name the person.',
    input: { reason },
    worksOnArchived: true,
    worksOnErased: true,
    decide: (input, _, { record }) => (record.erased ? [] : [{ type: erasureType(category), data: input }]),
  }),
});

export const erasureUndo = (category: string): Readonly<Record<string, AnyUndo>> => ({
  [erasureType(category)]: never('an erased person can’t be brought back: the key is gone'),
});

/** The record of an erased person. */
export const erasedRecord = (record: RecordState, details: Shape): RecordState => ({
  ...record,
  erased: true,
  details: Object.fromEntries(
    Object.entries(record.details).filter(([field]) => !isPersonal(details[field])),
  ),
});
