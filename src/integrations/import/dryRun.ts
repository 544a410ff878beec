/** Says what would become of a row, from the plan and the files alone: nothing is read or written elsewhere. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../eventstore/canonical.ts';
import type { Evaluated, IdleStep, Wish } from './evaluate.ts';
import type { Finding, Key, PlanReference } from './row.ts';
import { changed, type Settle, settled } from './settle.ts';

/** Commands are remembered up to here; beyond, references and repeats are left to the import itself. */
const MAX_KNOWN = 50_000;

/** Goes through a row as the import does: references are checked against the rows before, repeats against each other. */
export function createDryRun(limit = MAX_KNOWN): Settle {
  const done = createMemory(limit);
  return async evaluated => {
    const { row, wishes, idle } = evaluated;
    if (row.problems.length > 0) return settled(row, 'rejected');
    let isNew = false;
    for (const wish of wishes) {
      const before = done.saidBy(wish);
      if (before === 'other') row.problems.push(changed(row, wish.step));
      if (before === 'new') row.problems.push(...wish.references.filter(done.isMissing).map(missing));
      if (row.problems.length > 0) break;
      isNew ||= before === 'new';
      done.remember(wish, evaluated);
    }
    if (row.problems.length === 0)
      row.problems.push(...idle.filter(done.wasCarriedOut).map(({ step }) => changed(row, step)));
    return settled(row, wishes.length === 0 ? 'idle' : isNew ? 'imported' : 'unchanged');
  };
}

function createMemory(limit: number) {
  const inputs = new Map<string, string>(); // commandId → hash of what it does
  const records = new Map<string, Set<string>>(); // kind → its keys
  let isFull = false;

  return {
    /** Whether an earlier row sent this command, and the same by it. */
    saidBy: ({ request }: Wish): 'new' | 'same' | 'other' => {
      const before = inputs.get(request.commandId ?? '');
      return before === undefined ? 'new' : before === hashOf(request) ? 'same' : 'other';
    },
    wasCarriedOut: ({ commandId }: IdleStep): boolean => inputs.has(commandId),
    isMissing: ({ kind, key }: PlanReference): boolean => !isFull && !records.get(kind)?.has(keyText(key)),
    remember: ({ step, request }: Wish, { kind, key }: Evaluated): void => {
      if (isFull) return;
      inputs.set(request.commandId ?? '', hashOf(request));
      if (step.command.declaration.creates)
        records.set(kind, (records.get(kind) ?? new Set()).add(keyText(key)));
      if (inputs.size < limit) return;
      isFull = true;
      inputs.clear();
      records.clear();
    },
  };
}

const hashOf = ({ occurredAt, input }: Wish['request']): string =>
  digest(canonicalJson([occurredAt ?? null, input]));
const keyText = (key: Key): string => digest(JSON.stringify(key));
const digest = (text: string): string => createHash('sha256').update(text).digest('base64').slice(0, 22);

const missing = ({ kind, column, value }: PlanReference): Finding => ({
  column,
  value,
  code: 'REFERENCE_NOT_FOUND',
  advice: `no ${kind} of the plan has this key; add or correct its row`,
});
