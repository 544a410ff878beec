/** A server whose stores are never asked: for what is decided before. */
import { buildServer, type ServerOptions } from '../../../src/api/server.ts';
import { nothingParked } from '../../../src/projections/engine/parkedIndex.ts';
import { openReadPool } from '../../../src/projections/query/readPool.ts';

const never = async () => {
  throw new Error('no request must come this far');
};

export const startStub = (options: Partial<ServerOptions> = {}) =>
  buildServer({
    dispatch: async () => {
      throw new Error('no command must come this far');
    },
    undo: {
      categories: [],
      undo: () => {
        throw new Error('nothing must be undone');
      },
      logEnd: async () => 0n,
    },
    pool: openReadPool({ url: 'postgres://nobody@127.0.0.1:1/none' }),
    visibility: {
      position: () => 0n,
      waitFor: async () => 'timeout',
      parked: () => nothingParked,
      onChange: () => () => undefined,
    },
    log: { read: never, last: never, listen: () => () => undefined },
    decode: never,
    readiness: async () => ({ ready: true, parts: {} }),
    actor: { type: 'user', id: 'owner' },
    ...options,
  });
