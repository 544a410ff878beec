/** Says what would become of a row, from the plan and the files alone: nothing is read or written elsewhere. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../eventstore/canonical.ts';
import type { Evaluated, Wish } from './evaluate.ts';
import type { Finding, Key, PlanReference, Row } from './row.ts';
import { changed, type Settle, settled } from './settle.ts';

/** Commands are remembered up to here; beyond, references and repeats are left to the import itself. */
const MAX_KNOWN = 50_000;

/** References are checked against the rows before, repeats of a key against each other. */
export function createDryRun(limit = MAX_KNOWN): Settle {
  const done = createMemory(limit);
  return async evaluated => {
    const { row, wishes } = evaluated;
    if (row.problems.length > 0) return settled(row, 'rejected');
    const repeated = wishes.filter(wish => done.repeats(row, wish)).length;
    if (row.problems.length === 0) done.remember(evaluated);
    row.problems.push(...row.references.filter(done.isMissing).map(missing));
    return settled(row, wishes.length === 0 ? 'idle' : repeated === wishes.length ? 'unchanged' : 'imported');
  };
}

function createMemory(limit: number) {
  const inputs = new Map<string, string>(); // commandId → hash of what it does
  const records = new Map<string, Set<string>>(); // kind → its keys
  let isFull = false;

  return {
    /** Whether another row said the same already; when it said otherwise, the row has a problem. */
    repeats: (row: Row, { step, request }: Wish): boolean => {
      const id = request.commandId ?? '';
      const hash = digest(canonicalJson([request.occurredAt ?? null, request.input]));
      const before = inputs.get(id);
      if (before === undefined && !isFull) inputs.set(id, hash);
      if (before !== undefined && before !== hash) row.problems.push(changed(row, step));
      return before === hash;
    },
    remember: ({ kind, key, wishes }: Evaluated): void => {
      if (isFull || !wishes.some(({ step }) => step.command.declaration.creates)) return;
      records.set(kind, (records.get(kind) ?? new Set()).add(keyText(key)));
      if (inputs.size < limit) return;
      isFull = true;
      inputs.clear();
      records.clear();
    },
    isMissing: ({ kind, key }: PlanReference): boolean => !isFull && !records.get(kind)?.has(keyText(key)),
  };
}

const keyText = (key: Key): string => digest(JSON.stringify(key));
const digest = (text: string): string => createHash('sha256').update(text).digest('base64').slice(0, 22);

const missing = ({ kind, column, value }: PlanReference): Finding => ({
  column,
  value,
  code: 'REFERENCE_NOT_FOUND',
  advice: `no ${kind} of the plan has this key; add or correct its row`,
});
