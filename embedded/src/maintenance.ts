/**
 * Verification and backup of a data folder. A node that has it open does the work, asked for over its port: whoever may
 * read the folder may ask, since the token is in a file there. Others on the machine may not, since a backup writes
 * wherever it is told to.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Backup, backUp } from './backup.ts';
import { FILE_NAME } from './database.ts';
import { isStoreError, type StoreFailure, storeError, toFailure } from './errors.ts';
import type { Answer } from './http.ts';
import { openStore, type Store } from './store.ts';
import { type Verification, verifyStore } from './verify.ts';

/** How to reach the maintenance of a running node. */
export type Access = { readonly port: number; readonly token: string };
const ACCESS_FILE = 'access.json';
const HOST = '127.0.0.1';

/** Looks at everything in a data folder. Throws a StoreError when it can't be opened at all. */
export const verifyDataDir = (dataDir: string): Promise<Verification> =>
  withFolder(dataDir, verifyStore, askToVerify);

/** Copies a data folder to another, as it is at one moment. Throws a StoreError. */
export const backupDataDir = (dataDir: string, folder: string): Promise<Backup> =>
  withFolder(
    dataDir,
    store => backUp(store, resolve(folder)),
    access => askToBackUp(access, folder),
  );

async function withFolder<Result>(
  dataDir: string,
  closed: (store: Store) => Promise<Result>,
  running: (access: Access) => Promise<Result>,
): Promise<Result> {
  if (!existsSync(join(dataDir, FILE_NAME)))
    throw storeError('DATA_DIR_UNUSABLE', `${dataDir} holds no event store: name the folder of one.`);
  let store: Store;
  try {
    store = openStore({ dataDir });
  } catch (error) {
    const path = join(dataDir, ACCESS_FILE);
    const isRunning = isStoreError(error) && error.code === 'DATA_DIR_LOCKED' && existsSync(path);
    if (isRunning) return running(JSON.parse(readFileSync(path, 'utf8')));
    throw error;
  }
  try {
    return await closed(store);
  } finally {
    store.close();
  }
}

// What a node of this package answers is what it was asked for.
export const askToVerify = (access: Access) => ask(access, 'verify', '') as Promise<Verification>;
export const askToBackUp = (access: Access, folder: string) =>
  ask(access, 'backup', resolve(folder)) as Promise<Backup>;

/** No time limit: a large log takes as long as it takes. */
async function ask({ port, token }: Access, task: string, body: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}` };
  const options = { host: HOST, port, method: 'POST', path: `/maintenance/${task}`, headers };
  const response = await new Promise<IncomingMessage>((resolveResponse, reject) => {
    request(options, resolveResponse).on('error', reject).end(body);
  });
  const answer: unknown = JSON.parse(await text(response));
  if (response.statusCode === 200) return answer;
  // Every other answer to a POST there is a failure in this form.
  const { code, message } = answer as StoreFailure;
  throw storeError(code, message);
}

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
