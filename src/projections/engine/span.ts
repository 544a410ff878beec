/**
 * Folding while nobody reads: many batches make one span, which is one transaction. Rows stay in memory until its end and
 * are written once, as the last of its events leaves them; superseded versions and facts are on their way by COPY as soon
 * as there are some thousands. The checkpoint moves at the end, so what a crash leaves is as if the span had never been.
 */
import type pg from 'pg';
import { loadRows, moveTo, type Owner, parks } from './applyBatch.ts';
import { copyInto, type LineOf, linesOf } from './copy.ts';
import type { Keyed } from './encode.ts';
import { type Erased, erasedIn, erasuresDue } from './erase.ts';
import { type Folded, foldSteps, type Happening, stepsOf, type Version } from './fold.ts';
import { CACHED_TEXT, type Group, type Member } from './group.ts';
import type { Statement } from './implicitTransaction.ts';
import type { Parked } from './parking.ts';
import type { LogPoint } from './source.ts';
import { columnsOf, endColumns, quoted, type SqlColumn } from './sqlNames.ts';
import { type Bulk, statementOf } from './statements.ts';

export type Span = {
  /** How many events are in it. */
  readonly size: () => number;
  /** Folds what comes next. */
  readonly add: (happenings: readonly Happening[], events: number, point: LogPoint) => Promise<void>;
  /** Whether the group's rows take as much memory as they may: in a span none is forgotten. */
  readonly isFull: () => boolean;
  readonly commit: () => Promise<void>;
  readonly abandon: () => Promise<void>;
};

/** Characters of text on their way to one table. */
const CHUNK = 250_000;
/** Rows of one statement. */
const SLICE = 2_000;

/** For whoever wants to know how long it will take. */
const COUNT = 'UPDATE relata.builds SET handled = handled + $1 WHERE schema_name = ANY ($2)';

/** A row that differs from what the tables have. */
type Dirty = { readonly workspaceId: string; readonly id: string; readonly stored: Version | undefined };

type Part = {
  readonly member: Member;
  readonly dirty: Map<string, Dirty>;
  readonly rows: Table;
  readonly history: Table;
  readonly parked: Parked[];
  readonly behind: Map<Parked, number>;
};
type Table = {
  readonly name: string;
  readonly columns: readonly SqlColumn[];
  readonly line: LineOf;
  text: string;
};

/** @param client a connection of the group's own. Nothing is begun before the first event. */
export function openSpan(client: pg.Client, group: Group, owner: Omit<Owner, 'visibleAt'>): Span {
  const parts = group.members.map(partOf);
  let events = 0;
  let point: LogPoint | undefined;
  let erased: readonly Erased[] = [];
  /** What Postgres is doing; one thing after the other. */
  let working: Promise<unknown> = Promise.resolve();

  const send = (table: Table) => {
    const { text } = table;
    if (text === '') return;
    table.text = '';
    working = working.then(() => copyInto(client, table.name, table.columns, text));
    working.catch(() => undefined); // whoever goes on awaits it
  };
  const run = async (statements: readonly Statement[]) => {
    for (const { text, values } of statements) await client.query(text, values);
  };
  const writeRows = async ({ member, dirty, rows }: Part) => {
    const { statements, cache } = member;
    const [replaced, removed]: [Keyed[], Dirty[]] = [[], []];
    for (const [key, row] of dirty) {
      const version = cache.get(key) ?? undefined;
      if (version === row.stored) continue;
      if (!version) removed.push(row);
      else if (row.stored) replaced.push({ ...row, version });
      else rows.text += rows.line({ ...row, version });
    }
    send(rows);
    await working;
    await run([...sliced(statements.replace, replaced), ...sliced(statements.remove, removed)]);
    dirty.clear();
  };

  return {
    size: () => events,
    isFull: () => group.members.reduce((sum, { cache }) => sum + cache.weight(), 0) > CACHED_TEXT,
    add: async (happenings, count, to) => {
      if (events === 0) {
        working = client.query('BEGIN');
        working.catch(() => undefined); // likewise
      }
      group.folded = to; // if it comes to nothing, it was tried up to here
      const steps = parts.map(part => stepsOf(part.member.model, happenings));
      await Promise.all(parts.map(({ member }, i) => loadRows(group, member, steps[i] ?? [])));
      for (const [i, part] of parts.entries()) {
        const { member } = part;
        const folded = foldSteps(
          member.model,
          steps[i] ?? [],
          key => member.cache.get(key) ?? undefined,
          member.parking,
        );
        take(part, folded);
      }
      erased = [...erased, ...erasedIn(happenings)];
      events += count;
      point = to;
      const due = parts
        .flatMap(({ rows, history }) => [rows, history])
        .filter(({ text }) => text.length > CHUNK);
      if (due.length === 0) return;
      await working; // one chunk is written while the next is folded
      for (const table of due) send(table);
    },
    commit: async () => {
      if (!point || events === 0) return;
      for (const part of parts) {
        send(part.history);
        await writeRows(part);
      }
      // In what has been written by now: superseded versions are on their way long before the person is erased.
      await run(await erasuresDue(client, group, erased));
      const parked = new Map(
        parts.map(({ member, ...part }): [Member, Folded] => [member, { ...part, changes: new Map() }]),
      );
      await run([...parks(parked), moveTo(group, group.point, point, owner.token)]);
      await client.query(COUNT, [events, group.members.map(({ build }) => build.schema)]);
      await client.query('COMMIT');
      group.point = point;
      for (const { member, parked: those, behind } of parts) {
        member.parking.keep(those);
        member.cache.trim();
        if (those.length > 0) owner.onParked(member, [...those]);
        those.length = 0;
        behind.clear();
      }
      erased = [];
      events = 0;
    },
    abandon: async () => {
      for (const { dirty, rows, history, parked, behind } of parts) {
        dirty.clear();
        parked.length = 0;
        behind.clear();
        rows.text = '';
        history.text = '';
      }
      erased = [];
      await working.catch(() => undefined);
      if (events > 0) await client.query('ROLLBACK').catch(() => undefined); // without a connection it is rolled back
      events = 0;
    },
  };
}

function partOf(member: Member): Part {
  const { model, build } = member;
  const columns = columnsOf(model);
  const table = (name: string, of: readonly SqlColumn[]): Table => ({
    name: `${quoted(build.schema)}.${name}`,
    columns: of,
    line: linesOf(of),
    text: '',
  });
  return {
    member,
    dirty: new Map(),
    rows: table('rows', columns),
    history: table('history', [...columns, ...endColumns]),
    parked: [],
    behind: new Map(),
  };
}

/** What a batch makes: facts and superseded versions are final, rows are not. */
function take({ member, dirty, rows, history, parked, behind }: Part, folded: Folded): void {
  const { model, cache } = member;
  for (const [key, { workspaceId, id, stored, storedEnd, current, passed }] of folded.changes) {
    if (model.appendOnly) {
      if (current) rows.text += rows.line({ workspaceId, id, version: current });
      continue;
    }
    if (model.history) {
      if (stored && storedEnd)
        history.text += history.line({ workspaceId, id, version: stored, ...storedEnd });
      for (const version of passed) history.text += history.line({ workspaceId, id, version, ...version });
    }
    if (current === stored) continue;
    if (!dirty.has(key)) dirty.set(key, { workspaceId, id, stored });
    cache.set(key, current ?? null);
  }
  parked.push(...folded.parked);
  for (const [each, more] of folded.behind) behind.set(each, (behind.get(each) ?? 0) + more);
}

function* sliced<T>(statement: Bulk<T>, items: readonly T[]): Iterable<Statement> {
  for (let at = 0; at < items.length; at += SLICE) yield statementOf(statement, items.slice(at, at + SLICE));
}
