/**
 * The tables against a plain fold of the log, row by row with all history, in memory that doesn't grow with either: first by
 * sums of hashes; where those differ, a second look names the rows. All is read from one snapshot, and each read model is
 * folded up to where it stands in it.
 */
import pg from 'pg';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import { sqlTypes } from '../query/sqlTypes.ts';
import type { ReadModel } from '../readModel.ts';
import { isWanted, readBuilds } from './builds.ts';
import {
  BUCKETS,
  bucketOf,
  type Cells,
  cellsOfValues,
  cellsOfVersions,
  columnsIn,
  differing,
  newSalt,
  type Sums,
  sumOfTexts,
  type TableName,
} from './rowTexts.ts';
import { listOf, quoted } from './sqlNames.ts';
import { type Folded, foldPlainly, type TrueVersion } from './truth.ts';

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

export type RowCheck = {
  /** Read models that can't be compared now, and why. */
  readonly skipped: readonly { readonly model: string; readonly why: string }[];
  /** Up to here the log is folded; −1 when nothing is. */
  readonly upTo: bigint;
  readonly readTables: (told: (rows: number) => void) => Promise<void>;
  readonly add: (event: RecordedEvent) => void;
  /** How many rows and versions there were, and how to name those that differ, if any do. */
  readonly finish: () => Promise<{ readonly rows: number; readonly closerLook: CloserLook | undefined }>;
  readonly close: () => Promise<void>;
};

/** Takes the log once more. */
export type CloserLook = {
  readonly add: (event: RecordedEvent) => void;
  readonly finish: () => readonly RowDifference[];
};

type Compared = {
  readonly model: ReadModel;
  readonly schema: string;
  readonly upTo: bigint;
  readonly tables: readonly Table[];
};

type Table = {
  readonly name: TableName;
  readonly stored: Sums;
  readonly folded: Sums;
  readonly ofValues: (values: readonly unknown[]) => Cells;
  readonly ofVersion: (version: TrueVersion) => Cells;
};

const PAGE = 2_000;
/** Of one table; where more differ, those in the others are like these. */
const LOOKED_INTO = 32;

export async function openRowCheck(postgresUrl: string, models: readonly ReadModel[]): Promise<RowCheck> {
  const client = new pg.Client({
    connectionString: postgresUrl,
    options: '-c timezone=UTC -c datestyle=ISO',
    application_name: 'relata verify',
  });
  client.on('error', () => undefined); // what is sent next fails with the reason
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { compared, skipped } = await comparable(client, models);
    return rowCheck(client, compared, skipped);
  } catch (error) {
    await client.end();
    throw error;
  }
}

function rowCheck(client: pg.Client, compared: readonly Compared[], skipped: RowCheck['skipped']): RowCheck {
  const fold = foldPlainly(compared.map(summed));
  let rows = 0;
  return {
    skipped,
    upTo: compared.reduce((most, { upTo }) => (upTo > most ? upTo : most), -1n),
    readTables: async told => {
      for (const each of compared)
        for (const table of each.tables)
          await readTable(client, each, table.name, values => {
            table.stored.add(String(values[1]), JSON.stringify(table.ofValues(values)));
            if (++rows % PAGE === 0) told(rows);
          });
    },
    add: fold.add,
    finish: async () => {
      fold.finish();
      fold.close();
      const wrong = compared.flatMap(each =>
        each.tables.map(table => ({ each, table, buckets: differing(table.stored, table.folded) })),
      );
      const found = wrong.filter(({ buckets }) => buckets.length > 0);
      return { rows, closerLook: found.length === 0 ? undefined : await lookCloser(client, found) };
    },
    close: async () => {
      fold.close();
      await client.end();
    },
  };
}

async function comparable(client: pg.Client, models: readonly ReadModel[]) {
  const builds = await readBuilds(client);
  const salt = newSalt();
  const compared: Compared[] = [];
  const skipped: { model: string; why: string }[] = [];
  for (const model of models) {
    const active = builds.find(build => build.model === model.name && build.status === 'active');
    if (!active) skipped.push({ model: model.name, why: 'it is not built yet' });
    else if (!isWanted(active, model))
      skipped.push({
        model: model.name,
        why: 'the tables are of an older version, and are being built anew',
      });
    else {
      const names: readonly TableName[] = model.history ? ['rows', 'history'] : ['rows'];
      const upTo = active.point?.commit ?? -1n;
      compared.push({
        model,
        schema: active.schema,
        upTo,
        tables: names.map(name => tableOf(model, name, salt)),
      });
    }
  }
  return { compared, skipped };
}

function tableOf(model: ReadModel, name: TableName, salt: string): Table {
  const columns = columnsIn(model, name);
  return {
    name,
    stored: sumOfTexts(salt),
    folded: sumOfTexts(salt),
    ofValues: cellsOfValues(columns),
    ofVersion: cellsOfVersions(columns),
  };
}

/** A current version stands in the rows, one that was superseded in the history. */
const tableFor = (tables: readonly Table[], { knownTo }: TrueVersion): Table | undefined =>
  tables[knownTo === null ? 0 : 1];

const summed = ({ model, upTo, tables }: Compared): Folded => ({
  model,
  upTo,
  tell: version => {
    const table = tableFor(tables, version);
    table?.folded.add(version.id, JSON.stringify(table.ofVersion(version)));
  },
});

async function readTable(
  client: pg.Client,
  { model, schema }: Compared,
  table: TableName,
  each: (values: readonly unknown[]) => void,
): Promise<void> {
  const columns = listOf(columnsIn(model, table));
  await client.query(
    `DECLARE rows_read NO SCROLL CURSOR FOR SELECT ${columns} FROM ${quoted(schema)}.${table}`,
  );
  const fetch = { text: `FETCH ${PAGE} FROM rows_read`, rowMode: 'array' as const, types: sqlTypes };
  for (;;) {
    const { rows } = await client.query<unknown[]>(fetch);
    for (const values of rows) each(values);
    if (rows.length < PAGE) break;
  }
  await client.query('CLOSE rows_read');
}

type Wrong = { readonly each: Compared; readonly table: Table; readonly buckets: readonly number[] };

/** Both sides of some buckets, by what a version is told from others by. */
async function lookCloser(client: pg.Client, found: readonly Wrong[]): Promise<CloserLook> {
  const looks = found.map(({ each, table, buckets }) => {
    const wanted = new Uint8Array(BUCKETS);
    for (const bucket of buckets.slice(0, LOOKED_INTO)) wanted[bucket] = 1;
    return { each, table, wanted, stored: new Map<string, Cells>(), folded: new Map<string, Cells>() };
  });
  for (const { each, table, wanted, stored } of looks)
    await readTable(client, each, table.name, values => {
      if (wanted[bucketOf(String(values[1]))] !== 1) return;
      const cells = table.ofValues(values);
      let name = nameOf(each.model, cells);
      while (stored.has(name)) name += '/'; // one too many
      stored.set(name, cells);
    });
  const models = [...new Set(looks.map(({ each }) => each))];
  const fold = foldPlainly(
    models.map(({ model, upTo, tables }) => ({
      model,
      upTo,
      tell: version => {
        const table = tableFor(tables, version);
        const look = looks.find(each => each.table === table);
        if (!look || !table || look.wanted[bucketOf(version.id)] !== 1) return;
        const cells = table.ofVersion(version);
        look.folded.set(nameOf(model, cells), cells);
      },
    })),
  );
  return {
    add: fold.add,
    finish: () => {
      fold.finish();
      fold.close();
      return looks.flatMap(({ each, table, stored, folded }) =>
        differences(each.model, table.name, stored, folded),
      );
    },
  };
}

/** Workspace, id, and the position since when the version is known. */
const nameOf = (model: ReadModel, cells: Cells): string => {
  const known = columnsIn(model, 'rows').findIndex(({ of }) => of === 'knownFrom');
  return `${cells[0]}/${cells[1]}/${cells[known]}`;
};

function differences(
  model: ReadModel,
  table: TableName,
  stored: ReadonlyMap<string, Cells>,
  folded: ReadonlyMap<string, Cells>,
): readonly RowDifference[] {
  const columns = columnsIn(model, table);
  return [...new Set([...stored.keys(), ...folded.keys()])].flatMap((name): RowDifference[] => {
    const [is, should] = [stored.get(name), folded.get(name)];
    const [workspaceId = '', id = '', position = ''] = name.split('/');
    const of = { model: model.name, table, workspaceId, id, position };
    if (!is) return [{ kind: 'missing', columns: [], ...of }];
    if (!should) return [{ kind: 'unfounded', columns: [], ...of }];
    const wrong = columns.flatMap(({ name: column }, i) =>
      JSON.stringify(is[i]) === JSON.stringify(should[i]) ? [] : [column],
    );
    return wrong.length === 0 ? [] : [{ kind: 'differs', columns: wrong, ...of }];
  });
}
