/**
 * Looks at everything that is stored: that no position and no revision is missing, that every record is the one that was
 * written, that it says of itself what the columns say of it, and that the indexes lead to it and to nothing else.
 * In slices, so that a node goes on serving; what is written meanwhile is not looked at.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { first, prepare } from './database.ts';
import { fieldsOf, idOf, isInStream, isTombstone, streamField } from './record.ts';
import { asRow, isIntact, POSITION, RECORD, REVISION, type Row, STREAM, type Store, TYPE } from './store.ts';

export type Verification = {
  readonly events: number;
  readonly streams: number;
  /** One sentence each, the first hundred; none when all is well. */
  readonly problems: readonly string[];
};

const SLICE_ROWS = 200;
const MAX_PROBLEMS = 100;

export async function verifyStore(store: Store): Promise<Verification> {
  const last = store.lastPosition();
  const check = checks(store);
  const problems: string[] = [];
  let streams = 0;
  try {
    streams = check.streams();
    let expected = 1;
    while (expected <= last && problems.length < MAX_PROBLEMS) {
      const rows = check.slice(expected, last);
      for (const row of rows) {
        if (row[POSITION] !== expected) problems.push(`Position ${expected} is missing.`);
        const problem = check.row(row);
        if (problem) problems.push(`Position ${row[POSITION]}, ${where(store, row)}: ${problem}.`);
        expected = row[POSITION] + 1;
      }
      if (rows.length === 0) break;
      await nextTurn();
    }
    problems.push(...check.indexes(), ...check.names());
  } catch (error) {
    // SQLite can't go on where the structure of its file is broken.
    problems.push(
      `The file can't be read through: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  return { events: last, streams, problems: problems.slice(0, MAX_PROBLEMS) };
}

const where = (store: Store, row: Row): string =>
  `revision ${row[REVISION]} of stream '${store.streamName(row[STREAM])}'`;

function checks({ database, types, lastPosition }: Store) {
  const statement = (sql: string) => prepare(database, sql);
  const rows = statement(
    `SELECT position, stream, revision, type, checksum, record FROM events
     WHERE position BETWEEN ? AND ? ORDER BY position LIMIT ${SLICE_ROWS}`,
  );
  const byRevision = statement(
    'SELECT position FROM events INDEXED BY events_by_revision WHERE stream = ? AND revision = ?',
  );
  const byId = statement(
    'SELECT 1 FROM events INDEXED BY events_by_id WHERE stream = ? AND id_hash = ? AND position = ?',
  );
  const name = statement('SELECT name FROM streams WHERE id = ?');
  const count = (from: string): number => Number(first(statement(`SELECT count(*) FROM ${from}`)));
  const typeNames = types();

  return {
    slice: (from: number, to: number): Row[] => rows.all(from, to).map(asRow),
    streams: (): number => count('streams'),
    row(row: Row): string | undefined {
      const [position, stream, revision, type, , record] = row;
      if (!isIntact(row)) return "its checksum doesn't match";
      const fields = fieldsOf(record);
      const nameBytes = first(name, stream);
      if (!(nameBytes instanceof Uint8Array)) return 'its stream has no name';
      if (!isInStream(record, streamField(nameBytes))) return 'its record is of another stream';
      if (fields.position !== position) return `its record is of position ${fields.position}`;
      if (Number(fields.revision) !== revision && !isTombstone(record))
        return `its record is of revision ${fields.revision}`;
      if (fields.type !== typeNames.get(row[TYPE]))
        return `its record is of another type than number ${type}`;
      if (first(byRevision, stream, revision) !== position) return 'the index of revisions leads elsewhere';
      if (first(byId, stream, crc32(idOf(row[RECORD])), position) === undefined)
        return 'the index of ids does not lead there';
      const before = revision === 0 ? 0 : first(byRevision, stream, revision - 1);
      if (typeof before !== 'number' || before >= position) return 'the revision before it is missing';
      return undefined;
    },
    /** That they lead to nothing else: they are as long as the log is. */
    indexes(): string[] {
      const events = lastPosition();
      return ['events_by_revision', 'events_by_id']
        .map(index => ({ index, entries: count(`events INDEXED BY ${index}`) }))
        .filter(({ entries }) => entries !== events)
        .map(({ index, entries }) => `The index ${index} has ${entries} entries for ${events} events.`);
    },
    /** That each name leads to its stream. */
    names: (): string[] =>
      database
        .prepare(
          'SELECT id FROM streams s WHERE id IS NOT (SELECT id FROM streams WHERE name = s.name) LIMIT 10',
        )
        .all()
        .map(({ id }) => `The name of stream ${id} does not lead to it.`),
  };
}
