/**
 * The tables against a plain fold of the log, row by row with all history, in memory that doesn't grow with either: first by
 * sums of hashes; where those differ, a second look names the rows. All is read from one snapshot, and each read model is
 * folded up to where it stands in it.
 */
import pg from 'pg';
import type { ReadModel } from '../readModel.ts';
import { isWanted, readBuilds } from './builds.ts';
import { parkedBySchema } from './parkedTable.ts';
import { type Parked, parkingOf } from './parking.ts';
import { type CloserLook, type Compared, lookCloser } from './rowDifferences.ts';
import { differing, newSalt, sumOfRows } from './rowSums.ts';
import { bucketOf, bucketOfLine, readTable, tableFor, tablesOf } from './tableLines.ts';
import { foldPlainly } from './truth.ts';

/** A read model that can be compared, and up to which position of the log it has come. */
export type Comparable = {
  readonly model: string;
  readonly upTo: bigint;
  /** What stays as it was before an event that could not be applied. */
  readonly parked: readonly Parked[];
};

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
  const sums = comparable.map(({ model: name, upTo, parked }) => {
    const model = models.find(each => each.name === name);
    if (!model) throw new Error(`there is no read model ${name}`);
    const tables = tablesOf(model).map(table => ({ ...table, sums: sumOfRows(salt) }));
    return { model, upTo, tables, parking: parkingOf(model, parked) };
  });
  const fold = foldPlainly(
    sums.map(({ model, upTo, parking, tables }) => ({
      model,
      upTo,
      parking,
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

/** How often it is told how many rows have been read. */
const TELL_EVERY = 2_000;

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
    comparable: compared.map(({ model, upTo, parked }) => ({ model: model.name, upTo, parked })),
    readTables: async told => {
      for (const each of compared)
        for (const table of each.tables)
          await readTable(client, each.schema, table, line => {
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
  const parkedIn = await parkedBySchema(client);
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
      const parked = parkedIn.get(active.schema) ?? [];
      compared.push({ model, schema: active.schema, upTo: active.point?.commit ?? -1n, parked, tables });
    }
  }
  return { compared, skipped };
}
