/** A plan checked against the commands and turned into passes that rows can go through; or every issue at once. */
import type { Catalog } from '../../eventstore/catalog.ts';
import { type Context, complain, type JsonPath, useColumn } from './context.ts';
import { type Issue, issuesError } from './errors.ts';
import { createRecordIds, type Kind, type Scope, scopeOf } from './ids.ts';
import type { FilePlan, Pass, Plan } from './plan.ts';
import { type Key, keyPart, type Row } from './row.ts';
import { type CompiledStep, compileStep, stepName } from './steps.ts';
import { isZone } from './zones.ts';

export type CompiledPass = {
  readonly title: string;
  readonly kind: string;
  readonly file: { readonly name: string; readonly plan: FilePlan } | undefined;
  /** Nothing when a part of it is empty; the row then has a problem. */
  readonly key: (row: Row) => Key | undefined;
  /** In their order; the members of a group are alternatives, and the first that applies is taken. */
  readonly groups: readonly (readonly CompiledStep[])[];
  readonly used: ReadonlySet<string>;
};

export type CompiledPlan = { readonly scope: Scope; readonly passes: readonly CompiledPass[] };

/** @throws ImportError `PLAN_INVALID` */
export function compilePlan(plan: Plan, catalog: Catalog, workspaceId: string): CompiledPlan {
  const issues: Issue[] = [];
  const scope = scopeOf(workspaceId, plan.name);
  checkZones(plan, issues);
  const kinds = kindsOf(plan, catalog, issues);
  const common = {
    scope,
    catalog,
    kinds,
    recordId: createRecordIds(scope),
    zone: plan.zone,
    created: new Set<string>(),
    issues,
  };
  if (issues.length > 0) throw issuesError('PLAN_INVALID', "The plan can't be used", issues);

  const passes = plan.records.map((pass, i) => {
    const path = ['records', i];
    if (pass.file !== undefined && !plan.files[pass.file])
      complain(common, [...path, 'file'], `"${pass.file}" is not under files; add it there`);
    const beginning = common.created.has(pass.kind) ? undefined : pass;
    const context = { ...common, beginning, file: plan.files[pass.file ?? ''], used: new Set<string>() };
    return compilePass(context, pass, path);
  });
  checkRepeats(plan, kinds, issues);
  for (const [name, { ignore }] of Object.entries(plan.files)) {
    const readers = passes.filter(pass => pass.file?.name === name);
    if (readers.length === 0)
      complain(common, ['files', name], 'no pass reads it; take it out, or add a pass');
    for (const column of ignore.filter(column => readers.some(pass => pass.used.has(column))))
      complain(common, ['files', name, 'ignore'], `a step uses column "${column}"; take it out here`);
  }
  if (issues.length > 0) throw issuesError('PLAN_INVALID', "The plan can't be used", issues);
  return { scope, passes };
}

function compilePass(context: Context, pass: Pass, path: JsonPath): CompiledPass {
  const groups = new Map<string, CompiledStep[]>();
  for (const [i, step] of pass.steps.entries()) {
    const name = stepName(step);
    const compiled = compileStep(context, step, pass.kind, [...path, 'steps', i]);
    const rivals = pass.steps.slice(i + 1).filter(other => stepName(other) === name);
    if (rivals.length > 0 && Object.keys(step.when).length === 0)
      complain(
        context,
        [...path, 'steps', i],
        `another step is called ${name} too; give both a "when", or one a "name"`,
      );
    if (compiled) groups.set(name, [...(groups.get(name) ?? []), compiled]);
    if (compiled?.command.declaration.creates) context.created.add(pass.kind);
  }
  return {
    title: pass.title ?? (pass.file ? `${pass.kind} from ${pass.file}` : pass.kind),
    kind: pass.kind,
    file: context.file && { name: pass.file ?? '', plan: context.file },
    key: compileKey(context, pass.key, [...path, 'key']),
    groups: [...groups.values()],
    used: context.used,
  };
}

function compileKey(context: Context, key: Pass['key'], path: JsonPath): CompiledPass['key'] {
  if (typeof key === 'object' && 'constant' in key) return () => [keyPart(key.constant)];
  const columns = typeof key === 'string' ? [key] : key;
  for (const column of columns) useColumn(context, column, path);
  return row => {
    const parts = columns.map(column => keyPart(row.read(column)));
    const empty = parts.indexOf('');
    if (empty < 0) return parts;
    const advice = 'fill it in: the record is known by it';
    row.problems.push({ column: columns[empty] ?? '', code: 'KEY_EMPTY', value: '', advice });
    return undefined;
  };
}

/** What each kind's keys stand for: the one step that creates such a record. */
function kindsOf(plan: Plan, catalog: Catalog, issues: Issue[]): ReadonlyMap<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const [i, pass] of plan.records.entries())
    for (const [j, step] of pass.steps.entries()) {
      const command = catalog.commands.get(step.command);
      if (!command?.declaration.creates) continue;
      const kind = { category: command.aggregate.category, step: stepName(step) };
      const known = kinds.get(pass.kind);
      if (known && (known.category !== kind.category || known.step !== kind.step))
        complain(
          { issues },
          ['records', i, 'steps', j],
          `"${pass.kind}" is created by step ${known.step} already; use that name, or another kind`,
        );
      kinds.set(pass.kind, known ?? kind);
    }
  return kinds;
}

/** Two passes may create records of one kind, but any other step of a name would be the same command twice. */
function checkRepeats(plan: Plan, kinds: ReadonlyMap<string, Kind>, issues: Issue[]): void {
  const seen = new Map<string, number>();
  for (const [i, pass] of plan.records.entries())
    for (const [j, step] of pass.steps.entries()) {
      const name = JSON.stringify([pass.kind, stepName(step)]);
      const before = seen.get(name);
      if (before !== undefined && before !== i && kinds.get(pass.kind)?.step !== stepName(step))
        complain(
          { issues },
          ['records', i, 'steps', j],
          `records[${before}] has a step ${stepName(step)} for "${pass.kind}" too; give this one a "name"`,
        );
      seen.set(name, i);
    }
}

function checkZones(plan: Plan, issues: Issue[]): void {
  const check = (zone: string | undefined, path: JsonPath) => {
    if (zone !== undefined && !isZone(zone))
      complain({ issues }, path, `"${zone}" is no time zone; use an IANA name such as Europe/Berlin`);
  };
  check(plan.zone, ['zone']);
  for (const [file, { columns }] of Object.entries(plan.files))
    for (const [column, { date }] of Object.entries(columns))
      check(date?.zone, ['files', file, 'columns', column, 'date', 'zone']);
}
