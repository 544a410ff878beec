/** A log that is verified at once, in this thread. */
import { checkTrees, type TreesOptions } from '../../src/proof/verify/allTrees.ts';
import { createExaminer } from '../../src/proof/verify/examine.ts';
import { collectFindings } from '../../src/proof/verify/findings.ts';
import type { LogEvent } from './memoryEventStore.ts';
import { asLogged } from './signedLog.ts';

export function checkedLog(
  events: readonly LogEvent[],
  options: Partial<Omit<TreesOptions, 'findings'>> = {},
) {
  const findings = collectFindings();
  const { witnessed = [], cached = new Map(), since } = options;
  const examiner = createExaminer(findings, since?.head.workspaceId);
  const trees = checkTrees({ findings, witnessed, cached, since });
  let examined = 0;
  for (const event of asLogged(events)) {
    const found = examiner.examine(event);
    if (!found) continue;
    examined += 1;
    trees.add(found.workspaceId, found.leaf);
  }
  const summaries = trees.finish();
  examiner.close();
  return {
    found: findings.named.map(({ code }) => code),
    remarks: findings.remarks.map(({ code }) => code),
    events: examined,
    trees: summaries,
  };
}
