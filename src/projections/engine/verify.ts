/** The plain fold and the tables, each whole and in memory: for logs that are small enough. */
import type pg from 'pg';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import { sqlTypes } from '../query/sqlTypes.ts';
import type { ReadModel } from '../readModel.ts';
import { versionOf } from './encode.ts';
import { columnsOf, endColumns, listOf, quoted, snake } from './sqlNames.ts';
import { foldPlainly, type TrueVersion } from './truth.ts';

/** Every version of each model's rows, by model. @param events all of the log, in its order. */
export function foldFromScratch(
  models: readonly ReadModel[],
  events: Iterable<RecordedEvent>,
): ReadonlyMap<string, readonly TrueVersion[]> {
  const versions = new Map(models.map(({ name }) => [name, [] as TrueVersion[]]));
  const fold = foldPlainly(
    models.map(model => ({ model, tell: version => versions.get(model.name)?.push(version) })),
  );
  for (const event of events) fold.add(event);
  fold.finish();
  for (const list of versions.values()) list.sort(byBirth);
  return versions;
}

const byBirth = (a: TrueVersion, b: TrueVersion): number =>
  a.knownFrom < b.knownFrom ? -1 : a.knownFrom > b.knownFrom ? 1 : 0;

/** The version of each row that was true at an instant, as known at a position: at most one a row. */
export function truthAt(
  versions: readonly TrueVersion[],
  asOf: string,
  knownAt: bigint,
): readonly TrueVersion[] {
  return versions.filter(
    ({ validFrom, knownFrom, validTo, knownTo }) =>
      validFrom <= asOf &&
      knownFrom <= knownAt &&
      !(validTo !== null && knownTo !== null && validTo <= asOf && knownTo <= knownAt),
  );
}

/** One text a version, the same for the same content: fields by name, without what a model doesn't declare. */
export function canonical(model: ReadModel, version: TrueVersion): string {
  const declared = Object.keys(model.columns).filter(name => !SYSTEM.has(name));
  const row = Object.fromEntries(declared.sort().map(name => [name, version.row[name] ?? null]));
  return stable({ ...version, row });
}

const SYSTEM = new Set(['revision', 'validFrom', 'knownFrom']);

/** JSON with sorted names; positions as text. */
function stable(value: unknown): string {
  if (typeof value === 'bigint') return JSON.stringify(String(value));
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${fields
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${stable(each)}`)
    .join(',')}}`;
}

/** Every version of a model's rows as the views show them; without history only the current ones. */
export async function readVersions(
  db: pg.Pool | pg.ClientBase,
  model: ReadModel,
): Promise<readonly TrueVersion[]> {
  const columns = [...columnsOf(model), ...(model.history ? endColumns : [])];
  const view = `${snake(model.name)}${model.history ? '_history' : ''}`;
  const text = `SELECT ${listOf(columns)} FROM crm.${quoted(view)}`;
  const { rows } = await db.query<unknown[]>({ text, types: sqlTypes, rowMode: 'array' });
  return rows.map(values => {
    const { key, version } = versionOf(columnsOf(model), values);
    const [workspaceId = '', id = ''] = key.split('/');
    const [validTo, knownTo] = values.slice(columns.length - endColumns.length) as [string, bigint];
    const current = !model.history || validTo === 'infinity';
    return {
      workspaceId,
      id,
      ...version,
      validTo: current ? null : validTo,
      knownTo: current ? null : knownTo,
    };
  });
}
