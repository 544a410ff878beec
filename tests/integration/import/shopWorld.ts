/** The shop, imported: an event store for the test file, and for each test a workspace and the files as they were. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Dispatch } from '../../../src/commands/dispatch.ts';
import type { CommandRequest } from '../../../src/commands/wish.ts';
import type { WriteSide } from '../../../src/integrations/import/carryOut.ts';
import { type ImportOptions, runImport } from '../../../src/integrations/import/runImport.ts';
import { total } from '../../../src/integrations/import/summary.ts';
import { shopFiles, shopPlan } from './shop.ts';
import { folderOf, openWorld, readReport, type World } from './support.ts';

/** All that a whole import of the shop leaves, by type. */
export const ALL = {
  PipelineDefined: 1,
  AccountRegistered: 2,
  UserInvited: 3,
  TeamFormed: 2,
  TeamTagApplied: 1,
  TeamMembersChanged: 3,
  OpportunityOpened: 4,
  OpportunityWon: 2,
  OpportunityLost: 1,
};

export function useShop() {
  let world: World;
  let folder: Awaited<ReturnType<typeof folderOf>>;
  let workspaceId = '';
  let workspaces = 0;
  const newWorkspace = () => {
    workspaceId = `shop-${++workspaces}`;
  };

  beforeAll(async () => {
    world = await openWorld();
    folder = await folderOf({});
  });
  afterAll(async () => {
    await world.close();
    await folder.close();
  });
  beforeEach(async () => {
    newWorkspace();
    await folder.write(shopFiles);
  });

  const events = () => world.events(workspaceId);
  return {
    newWorkspace,
    events,
    write: (files: Readonly<Record<string, string>>) => folder.write(files),
    pathOf: (name: string) => join(folder.path, name),
    writeSide: () => world.writeSide(),
    importShop: async (more: Partial<ImportOptions> = {}) => {
      const reportFile = join(folder.path, 'report.csv');
      const summary = await runImport({
        plan: shopPlan,
        folder: folder.path,
        catalog: world.catalog,
        connect: async () => world.writeSide(),
        workspaceId,
        now: () => new Date(),
        reportFile,
        ...more,
      });
      const count = (what: Parameters<typeof total>[1]) => total(summary.passes, what);
      return { ...summary, count, report: await readReport(reportFile) };
    },
    types: async () => {
      const counts: Record<string, number> = {};
      for (const { type } of await events()) counts[type] = (counts[type] ?? 0) + 1;
      return counts;
    },
    /** A write side with something done before each command. */
    watched: (before: (request: CommandRequest) => Promise<void> | void) => async (): Promise<WriteSide> => {
      const { dispatch, streams } = world.writeSide();
      const watching: Dispatch = async (request, context) => {
        await before(request);
        return dispatch(request, context);
      };
      return { dispatch: watching, streams };
    },
  };
}
