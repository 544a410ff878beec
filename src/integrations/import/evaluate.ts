/** What a row asks for: the commands to send in their order, or the reasons why it can't come in. */
import type { CommandRequest } from '../../commands/wish.ts';
import type { Id } from '../../domain/kernel/values.ts';
import type { CompiledPass } from './compile.ts';
import { commandIdOf, type Scope } from './ids.ts';
import type { Key, PlanReference, Row } from './row.ts';
import type { CompiledStep } from './steps.ts';

export type Wish = {
  readonly step: CompiledStep;
  readonly recordId: Id;
  readonly request: CommandRequest;
  /** Records of the plan that it names. */
  readonly references: readonly PlanReference[];
};

/** A step that is not for this row; if an earlier import carried it out, the row has changed since. */
export type IdleStep = { readonly step: CompiledStep; readonly recordId: Id; readonly commandId: Id };

export type Evaluated = {
  readonly row: Row;
  readonly kind: string;
  readonly key: Key;
  readonly wishes: readonly Wish[];
  readonly idle: readonly IdleStep[];
};

/** @param now ISO 8601; what is said to happen later rejects the row. */
export function evaluateRow(pass: CompiledPass, row: Row, scope: Scope, now: string): Evaluated {
  const key = row.problems.length === 0 ? pass.key(row) : undefined; // of no row can cells be told
  const wishes: Wish[] = [];
  const idle: IdleStep[] = [];
  const clocks = new Map<string, string>(); // the last time in this row, by record
  for (const group of key ? pass.groups : []) {
    const step = group.find(alternative => alternative.applies(row)) ?? group[0];
    if (!step || !key) continue;
    const commandId = commandIdOf(scope, pass.kind, key, step.name);
    const recordId = step.target(row, key, commandId);
    if (!step.applies(row)) {
      if (recordId) idle.push({ step, recordId, commandId });
    } else if (!recordId) complain(row, step.onColumns, 'EMPTY', 'fill it in: it says which record is meant');
    else {
      const request = requestOf(step, row, recordId, commandId, scope);
      wishes.push({ step, recordId, request, references: [...row.references] });
    }
    row.references.length = 0; // they are the step's own; what an idle one refers to need not exist
  }
  for (const wish of wishes) {
    checkTime(wish, row, clocks, now);
    if (row.problems.length === 0) checkInput(wish, row);
  }
  return { row, kind: pass.kind, key: key ?? [], wishes, idle };
}

function requestOf(step: CompiledStep, row: Row, recordId: Id, commandId: Id, scope: Scope): CommandRequest {
  const { aggregate, declaration } = step.command;
  const occurredAt = step.at?.read(row) as string | undefined; // compiled as an instant
  if (step.at && occurredAt === undefined)
    complain(row, step.at.columns, 'EMPTY', `fill it in: it says when "${step.name}" happened`);
  return {
    name: step.command.name,
    input: step.input(row),
    commandId,
    correlationId: scope.correlationId,
    ...(occurredAt !== undefined && { occurredAt }),
    ...(!declaration.creates && !aggregate.singleton && { id: recordId }),
  };
}

/** Within a record both clocks only move on; found here, before the first of the row's commands is sent. */
function checkTime(
  { step, recordId, request }: Wish,
  row: Row,
  clocks: Map<string, string>,
  now: string,
): void {
  const at = request.occurredAt ?? now;
  const last = clocks.get(recordId);
  clocks.set(recordId, at);
  const columns = step.at?.columns ?? [];
  if (at > now) complain(row, columns, 'OCCURRED_IN_FUTURE', 'it has not happened yet; correct it');
  else if (last && at < last)
    complain(
      row,
      columns,
      'OCCURRED_BEFORE_LAST',
      `it is before ${last}, when the step before it happened; correct one`,
    );
}

function checkInput({ step, request }: Wish, row: Row): void {
  const result = step.schema.safeParse(request.input);
  for (const { path, message } of result.error?.issues ?? [])
    complain(row, step.columnsOf(path), 'VALIDATION', `${path.join('.')} ${message}`);
}

/** Adds a problem with the cells of these columns, unless they have one already. */
function complain(row: Row, columns: readonly string[], code: string, advice: string): void {
  const column = columns.join(' + ');
  if (row.problems.some(problem => columns.length > 0 && columns.includes(problem.column))) return;
  row.problems.push({ column, code, value: columns.map(row.read).join(' + '), advice });
}
