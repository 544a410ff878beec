/**
 * Verification and backup of a node that is running, asked for over its port. Who may read the data folder may ask: the
 * token is in a file there. Others on the machine may not, since a backup writes wherever it is told to.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backup } from './backup.ts';
import { toFailure } from './errors.ts';
import type { Answer } from './http.ts';
import type { Verification } from './verify.ts';

/** How to reach the maintenance of a running node. */
export type Access = { readonly port: number; readonly token: string };
export const ACCESS_FILE = 'access.json';

/** Answers a POST, whose body is read only from who may send one. */
export type Maintenance = (
  path: string,
  authorization: string | undefined,
  body: () => Promise<string>,
) => Promise<Answer>;

type Tasks = { verify(): Promise<Verification>; backup(folder: string): Promise<Backup> };

export const newToken = (): string => randomBytes(32).toString('hex');

export function createMaintenance(tasks: Tasks, token: string): Maintenance {
  const expected = Buffer.from(`Bearer ${token}`);
  const isAllowed = (given: Buffer): boolean =>
    given.length === expected.length && timingSafeEqual(given, expected);

  async function run(path: string, body: () => Promise<string>): Promise<Answer> {
    if (path === '/maintenance/verify') return json(200, await tasks.verify());
    if (path === '/maintenance/backup') return json(200, await tasks.backup(await body()));
    return json(404, toFailure(new Error(`there is no ${path}`)));
  }

  return async (path, authorization, body) => {
    if (!isAllowed(Buffer.from(authorization ?? ''))) return json(401, toFailure(new Error('not allowed')));
    return run(path, body).catch(error => json(500, toFailure(error)));
  };
}

/** Lets who may read the folder in. Returns how to take that back. */
export function openAccess(dataDir: string, access: Access): () => void {
  const path = join(dataDir, ACCESS_FILE);
  // Not to be read by others for a moment either, as an old file of theirs would be.
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(access), { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

const json = (status: number, value: object): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});
