/** Verification and backup of a data folder, whether a node has it open or not. */
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { type Backup, backUp } from './backup.ts';
import { FILE_NAME } from './database.ts';
import { isStoreError, type StoreFailure, storeError } from './errors.ts';
import { ACCESS_FILE, type Access } from './maintenance.ts';
import { openStore, type Store } from './store.ts';
import { type Verification, verifyStore } from './verify.ts';

const HOST = '127.0.0.1';

/** Looks at everything in a data folder. Throws a StoreError when it can't be opened at all. */
export const verifyDataDir = (dataDir: string): Promise<Verification> =>
  withFolder(dataDir, verifyStore, access => askToVerify(access));

/** Copies a data folder to another, as it is at one moment. Throws a StoreError. */
export const backupDataDir = (dataDir: string, folder: string): Promise<Backup> =>
  withFolder(
    dataDir,
    store => backUp(store, resolve(folder)),
    access => askToBackUp(access, folder),
  );

// What a node of this package answers is what it was asked for.
export const askToVerify = (access: Access) => ask(access, 'verify', '') as Promise<Verification>;
export const askToBackUp = (access: Access, folder: string) =>
  ask(access, 'backup', resolve(folder)) as Promise<Backup>;

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
    const access = accessOf(dataDir);
    if (access && isStoreError(error) && error.code === 'DATA_DIR_LOCKED') return running(access);
    throw error;
  }
  try {
    return await closed(store);
  } finally {
    store.close();
  }
}

function accessOf(dataDir: string): Access | undefined {
  const path = join(dataDir, ACCESS_FILE);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** No time limit: a large log takes as long as it takes. */
async function ask({ port, token }: Access, task: string, body: string): Promise<unknown> {
  const [status, text] = await new Promise<[number | undefined, string]>((resolveAnswer, reject) => {
    const call = request({
      host: HOST,
      port,
      method: 'POST',
      path: `/maintenance/${task}`,
      headers: { authorization: `Bearer ${token}` },
    });
    call.on('error', reject);
    call.on('response', response => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        answer += chunk;
      });
      response.on('end', () => resolveAnswer([response.statusCode, answer]));
      response.on('error', reject);
    });
    call.end(body);
  });
  if (status === 200) return JSON.parse(text);
  // Every other answer to a POST here is a failure in this form.
  const { code, message } = JSON.parse(text) as StoreFailure;
  throw storeError(code, message);
}
