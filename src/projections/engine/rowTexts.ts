/**
 * One text a version of a row, the same whether it comes out of a fold or out of a table; and sums of their hashes, so that
 * two sides of any size are compared without being sorted or held.
 */
import { hash as digest, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../eventstore/canonical.ts';
import type { ReadModel } from '../readModel.ts';
import { columnsOf, endColumns, type SqlColumn } from './sqlNames.ts';
import type { TrueVersion } from './truth.ts';

/** The two tables of a build. */
export type TableName = 'rows' | 'history';

export const columnsIn = (model: ReadModel, table: TableName): readonly SqlColumn[] =>
  table === 'rows' ? columnsOf(model) : [...columnsOf(model), ...endColumns];

/** How a version stands in a table's columns. */
export type Cells = readonly (string | number | boolean | null | readonly string[])[];

/** For versions out of a fold. */
export function cellsOfVersions(columns: readonly SqlColumn[]): (version: TrueVersion) => Cells {
  const readers = columns.map(column => {
    const own = OWN[column.of];
    const { of, part } = column;
    const value = (version: TrueVersion): unknown => {
      if (own) return own(version);
      const whole = version.row[of];
      return part ? (whole as Readonly<Record<string, unknown>> | null | undefined)?.[part] : whole;
    };
    return (version: TrueVersion) => cellOf(column, value(version));
  });
  return version => readers.map(read => read(version));
}

/** For rows as Postgres gives them. */
export const cellsOfValues =
  (columns: readonly SqlColumn[]) =>
  (values: readonly unknown[]): Cells =>
    columns.map((column, i) => cellOf(column, values[i]));

const OWN: Readonly<Record<string, (version: TrueVersion) => unknown>> = {
  workspaceId: version => version.workspaceId,
  id: version => version.id,
  revision: version => version.revision,
  validFrom: version => version.validFrom,
  knownFrom: version => version.knownFrom,
  validTo: version => version.validTo,
  knownTo: version => version.knownTo,
};

function cellOf({ kind }: SqlColumn, value: unknown): Cells[number] {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return String(value);
  return kind === 'json' ? canonicalJson(value) : (value as Cells[number]); // by the kinds of columns
}

/** Rows are summed up in so many parts of a table, so that a difference can be looked for in few of them. */
export const BUCKETS = 4_096;
const LANES = 8;

/** By the end of the row's id: also where ids begin with a time, that is as good as random. */
export const bucketOf = (id: string): number => Number.parseInt(id.slice(-3), 16);

export type Sums = { readonly add: (id: string, text: string) => void; readonly sums: Uint32Array };

/** @param salt the same for both sides, and unknown before: then no two sets of rows can be made to have one sum. */
export function sumOfTexts(salt: string): Sums {
  const sums = new Uint32Array(BUCKETS * LANES);
  return {
    sums,
    add: (id, text) => {
      const hash = digest('sha256', salt + text, 'buffer');
      const at = bucketOf(id) * LANES;
      // 256 bits as eight numbers of 32, each of which wraps by itself.
      for (let lane = 0; lane < LANES; lane++)
        sums[at + lane] = (sums[at + lane] ?? 0) + hash.readUInt32LE(lane * 4);
    },
  };
}

export const newSalt = (): string => randomBytes(16).toString('hex');

/** The buckets in which two sides differ. */
export function differing(a: Sums, b: Sums): readonly number[] {
  const found = new Set<number>();
  for (let i = 0; i < a.sums.length; i++) if (a.sums[i] !== b.sums[i]) found.add(Math.floor(i / LANES));
  return [...found];
}
