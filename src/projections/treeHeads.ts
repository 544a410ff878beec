/** Signed heads of the workspace's tree: up to each of them the log is what was signed (docs/proof.md). */
import { treeHead } from '../domain/shared/treeHead.ts';
import { instant, int, text } from './columns.ts';
import { keyedModel } from './readModel.ts';

export const treeHeads = keyedModel('treeHeads', treeHead, {
  version: 1,
  history: false,
  columns: {
    size: int,
    rootHash: text,
    lastPosition: text,
    previousSize: int,
    signedAt: instant,
    keyId: text,
    signature: text,
  },
  indexes: [['size'], ['signedAt']],
  on: {
    TreeHeadSigned: {
      keys: ({ id }) => [id],
      evolve: (_, { data: { position: lastPosition, ...head } }) => ({ ...head, lastPosition }),
    },
  },
});
