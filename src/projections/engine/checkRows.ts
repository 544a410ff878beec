/**
 * The tables against a plain fold of the log, row by row with all history, in memory that doesn't grow with either: first by
 * sums of hashes; where those differ, a second look names the rows. All is read from one snapshot, and each read model is
 * folded up to where it stands in it.
 */
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { isWanted, readBuilds } from './builds.ts';
import { copyLineOf, fieldsIn } from './copyText.ts';
import { BUCKETS, differing, newSalt, type Sums, sumOfRows } from './rowSums.ts';
import { columnsOf, endColumns, listOf, quoted, type SqlColumn } from './sqlNames.ts';
import { foldPlainly, type TrueVersion } from './truth.ts';

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

/** A read model that can be compared, and up to which position of the log it has come. */
export type Comparable = { readonly model: string; readonly upTo: bigint };

export type RowCheck = {
  /** Read models that can't be compared now, and why. */
  readonly skipped: readonly { readonly model: string; readonly why: string }[];
  /** What is to be folded, by `sumFolded` and with this salt. */
  readonly comparable: readonly Comparable[];
  readonly salt: string;
  readonly readTables: (told: (rows: number) => void) => Promise<void>;
  /** Adds what was folded of a part of the streams: sums by read model, as in `comparable`, and table. */
  readonly addFolded: (lanes: readonly (readonly Uint32Array[])[]) => void;
  /** How many rows and versions there were, and how to name those that differ, if any do. */
  readonly finish: () => Promise<{ readonly rows: number; readonly closerLook: CloserLook | undefined }>;
  readonly close: () => Promise<void>;
};

/** Folds events of whole streams into sums of the rows that they make. */
export function sumFolded(models: readonly ReadModel[], comparable: readonly Comparable[], salt: string) {
  const sums = comparable.map(({ model: name, upTo }) => {
    const model = models.find(each => each.name === name);
    if (!model) throw new Error(`there is no read model ${name}`);
    return { model, upTo, tables: tablesOf(model).map(table => ({ ...table, sums: sumOfRows(salt) })) };
  });
  const fold = foldPlainly(
    sums.map(({ model, upTo, tables }) => ({
      model,
      upTo,
      tell: version => {
        const table = tableFor(tables, version);
        table?.sums.add(bucketOf(version.id), table.lineOf(version));
      },
    })),
  );
  return {
    add: fold.add,
    close: fold.close,
    finish: (): readonly (readonly Uint32Array[])[] => {
      fold.finish();
      return sums.map(({ tables }) => tables.map(table => table.sums.lanes));
    },
  };
}

/** Takes the log once more. */
export type CloserLook = {
  readonly add: (event: RecordedEvent) => void;
  readonly finish: () => readonly RowDifference[];
};

type Compared = {
  readonly model: ReadModel;
  readonly schema: string;
  readonly upTo: bigint;
  readonly tables: readonly (Table & { readonly stored: Sums; readonly folded: Sums })[];
};

type Table = {
  readonly name: TableName;
  readonly columns: readonly SqlColumn[];
  readonly lineOf: (version: TrueVersion) => string;
};

/** The two tables of a build. */
type TableName = 'rows' | 'history';

/** How often it is told how many rows have been read. */
const TELL_EVERY = 2_000;
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
    const salt = newSalt();
    const { compared, skipped } = await comparableOf(client, models, salt);
    return rowCheck(client, salt, compared, skipped);
  } catch (error) {
    await client.end();
    throw error;
  }
}

function rowCheck(
  client: pg.Client,
  salt: string,
  compared: readonly Compared[],
  skipped: RowCheck['skipped'],
): RowCheck {
  let rows = 0;
  return {
    skipped,
    salt,
    comparable: compared.map(({ model, upTo }) => ({ model: model.name, upTo })),
    readTables: async told => {
      for (const each of compared)
        for (const table of each.tables)
          await readTable(client, each, table, line => {
            table.stored.addBytes(bucketOfLine(line), line);
            if (++rows % TELL_EVERY === 0) told(rows);
          });
    },
    addFolded: lanes => {
      for (const [i, { tables }] of compared.entries())
        for (const [j, { folded }] of tables.entries()) folded.addLanes(lanes[i]?.[j] ?? EMPTY);
    },
    finish: async () => {
      const wrong = compared.flatMap(each =>
        each.tables.map(table => ({ each, table, buckets: differing(table.stored, table.folded) })),
      );
      const found = wrong.filter(({ buckets }) => buckets.length > 0);
      return { rows, closerLook: found.length === 0 ? undefined : await lookCloser(client, found) };
    },
    close: () => client.end(),
  };
}

const EMPTY = new Uint32Array();

async function comparableOf(client: pg.Client, models: readonly ReadModel[], salt: string) {
  const builds = await readBuilds(client);
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
      const tables = tablesOf(model).map(table => ({
        ...table,
        stored: sumOfRows(salt),
        folded: sumOfRows(salt),
      }));
      compared.push({ model, schema: active.schema, upTo: active.point?.commit ?? -1n, tables });
    }
  }
  return { compared, skipped };
}

function tablesOf(model: ReadModel): readonly Table[] {
  const columns = columnsOf(model);
  const rows: Table = { name: 'rows', columns, lineOf: copyLineOf(columns) };
  if (!model.history) return [rows];
  const all = [...columns, ...endColumns];
  return [rows, { name: 'history', columns: all, lineOf: copyLineOf(all) }];
}

/** A current version stands in the rows, one that was superseded in the history. */
const tableFor = <T extends Table>(tables: readonly T[], { knownTo }: TrueVersion): T | undefined =>
  tables[knownTo === null ? 0 : 1];

/** By the end of the row's id: also where ids begin with a time, that is as good as random. */
const bucketOf = (id: string): number => Number.parseInt(id.slice(-HEX_DIGITS), 16);

const HEX_DIGITS = 3; // 4,096 of them
const UUID_CHARS = 36;
const TAB = 9;
const LINE_FEED = 10;

/** The id is what comes after the first tab. */
function bucketOfLine(line: Uint8Array): number {
  const end = line.indexOf(TAB) + 1 + UUID_CHARS;
  let bucket = 0;
  for (let at = end - HEX_DIGITS; at < end; at++) {
    const code = line[at] ?? 0;
    bucket = bucket * 16 + (code <= 57 ? code - 48 : code - 87); // 0–9, a–f
  }
  return bucket;
}

/** Every row as a line of COPY's, without its end; to be used at once, for its bytes are written over. */
async function readTable(
  client: pg.Client,
  { schema }: Compared,
  { name, columns }: Table,
  each: (line: Buffer) => void,
): Promise<void> {
  const copy = client.query(
    copyTo(`COPY (SELECT ${listOf(columns)} FROM ${quoted(schema)}.${name}) TO STDOUT`),
  );
  let rest: Buffer | undefined;
  for await (const chunk of copy as AsyncIterable<Buffer>) {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      each(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = from < bytes.length ? bytes.subarray(from) : undefined;
  }
}

type Wrong = {
  readonly each: Compared;
  readonly table: Compared['tables'][number];
  readonly buckets: readonly number[];
};

/** Both sides of some buckets, by what a version is told from others by. */
async function lookCloser(client: pg.Client, found: readonly Wrong[]): Promise<CloserLook> {
  const looks = found.map(({ each, table, buckets }) => {
    const wanted = new Uint8Array(BUCKETS);
    for (const bucket of buckets.slice(0, LOOKED_INTO)) wanted[bucket] = 1;
    return { each, table, wanted, stored: new Map<string, string>(), folded: new Map<string, string>() };
  });
  for (const { each, table, wanted, stored } of looks)
    await readTable(client, each, table, bytes => {
      if (wanted[bucketOfLine(bytes)] !== 1) return;
      const line = bytes.toString();
      let name = nameOf(table, line);
      while (stored.has(name)) name += '/'; // one too many
      stored.set(name, line);
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
