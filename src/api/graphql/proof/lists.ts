/** For auditors: every event of the workspace, the signed heads of their tree, and the keys that those are signed with. */
import { area } from '../../schema/area.ts';
import { definePresentList } from '../../schema/presentLists.ts';

export const auditorsLists = area(tools => {
  definePresentList(tools, {
    field: 'events',
    of: 'timelineEntry',
    description:
      'Every event of the workspace, the latest in the log first, each with its proof if asked for.',
    order: { column: 'knownFrom', direction: 'desc' },
  });
  definePresentList(tools, {
    field: 'treeHeads',
    of: 'treeHead',
    description:
      'Signed heads of the tree of all events, the largest first; docs/proof.md says what they prove.',
    order: { column: 'size', direction: 'desc' },
  });
  definePresentList(tools, {
    field: 'signingKeys',
    of: 'signingKey',
    description:
      'The Ed25519 keys that tree heads were signed with, in the order in which they followed each other.',
    order: { column: 'knownFrom', direction: 'asc' },
  });
});
