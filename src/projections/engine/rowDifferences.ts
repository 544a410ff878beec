/** Rows that differ, named: both sides of the few parts of tables whose sums are not the same. */
import type pg from 'pg';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { fieldsIn } from './copyText.ts';
import { type Parked, parkingOf } from './parking.ts';
import { BUCKETS, type Sums } from './rowSums.ts';
import { bucketOf, bucketOfLine, readTable, type Table, type TableName, tableFor } from './tableLines.ts';
import { foldPlainly } from './truth.ts';

export type RowDifference = {
  readonly kind: 'differs' | 'missing' | 'unfounded';
  readonly model: string;
  readonly table: TableName;
  readonly workspaceId: string;
  readonly id: string;
  /** Of the event that made the version. */
  readonly position: string;
  /** Columns that are not as they should be. */
  readonly columns: readonly string[];
};

/** Takes the log once more. */
export type CloserLook = {
  readonly add: (event: RecordedEvent) => void;
  readonly finish: () => readonly RowDifference[];
};

/** A read model, and both sides of its tables as far as they have been summed up. */
export type Compared = {
  readonly model: ReadModel;
  readonly schema: string;
  readonly upTo: bigint;
  readonly parked: readonly Parked[];
  readonly tables: readonly (Table & { readonly stored: Sums; readonly folded: Sums })[];
};

/** Of one table; where more differ, those in the others are like these. */
const LOOKED_INTO = 32;

export type Wrong = {
  readonly each: Compared;
  readonly table: Compared['tables'][number];
  readonly buckets: readonly number[];
};

/** Both sides of some buckets, by what a version is told from others by. */
export async function lookCloser(client: pg.Client, found: readonly Wrong[]): Promise<CloserLook> {
  const looks = found.map(({ each, table, buckets }) => {
    const wanted = new Uint8Array(BUCKETS);
    for (const bucket of buckets.slice(0, LOOKED_INTO)) wanted[bucket] = 1;
    return { each, table, wanted, stored: new Map<string, string>(), folded: new Map<string, string>() };
  });
  for (const { each, table, wanted, stored } of looks)
    await readTable(client, each.schema, table, bytes => {
      if (wanted[bucketOfLine(bytes)] !== 1) return;
      const line = bytes.toString();
      let name = nameOf(table, line);
      while (stored.has(name)) name += '/'; // one too many
      stored.set(name, line);
    });
  const models = [...new Set(looks.map(({ each }) => each))];
  const fold = foldPlainly(
    models.map(({ model, upTo, parked, tables }) => ({
      model,
      upTo,
      parking: parkingOf(model, parked),
      tell: version => {
        const table = tableFor(tables, version);
        const look = looks.find(each => each.table === table);
        if (!look || !table || look.wanted[bucketOf(version.id)] !== 1) return;
        const line = table.lineOf(version);
        look.folded.set(nameOf(table, line), line);
      },
    })),
  );
  return {
    add: fold.add,
    finish: () => {
      fold.finish();
      fold.close();
      return looks.flatMap(({ each, table, stored, folded }) =>
        differences(each.model, table, stored, folded),
      );
    },
  };
}

/** Workspace, id, and the position since when the version is known. */
function nameOf({ columns }: Table, line: string): string {
  const fields = fieldsIn(line);
  return `${fields[0]}/${fields[1]}/${fields[columns.findIndex(({ of }) => of === 'knownFrom')]}`;
}

function differences(
  model: ReadModel,
  { name: table, columns }: Table,
  stored: ReadonlyMap<string, string>,
  folded: ReadonlyMap<string, string>,
): readonly RowDifference[] {
  return [...new Set([...stored.keys(), ...folded.keys()])].flatMap((name): RowDifference[] => {
    const [is, should] = [stored.get(name), folded.get(name)];
    if (is === should) return [];
    const [workspaceId = '', id = '', position = ''] = name.split('/');
    const of = { model: model.name, table, workspaceId, id, position };
    if (is === undefined) return [{ kind: 'missing', columns: [], ...of }];
    if (should === undefined) return [{ kind: 'unfounded', columns: [], ...of }];
    const [fieldsAre, fieldsShould] = [fieldsIn(is), fieldsIn(should)];
    const wrong = columns.flatMap(({ name: column }, i) =>
      fieldsAre[i] === fieldsShould[i] ? [] : [column],
    );
    return [{ kind: 'differs', columns: wrong, ...of }];
  });
}
