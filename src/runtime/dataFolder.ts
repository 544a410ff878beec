/**
 * The one folder that holds all that Relata keeps on a machine. Opening it proves that it is ours and of a format
 * that this version reads, keeps a second instance out, and gives the master key. Nothing is written into a folder
 * that isn't ours.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { z } from 'zod';
import { fatal, isFatal } from './fatal.ts';
import { readIfThere, writeWhole } from './files.ts';
import { announceInstance, lockDataFolder, type RunningInstance, withdrawInstance } from './instance.ts';
import { layout } from './layout.ts';

/** Raised when a version writes a folder that this one couldn't read. */
const FORMAT = 1;
const MASTER_KEY_BYTES = 32;

const FormatFile = z.object({ format: z.int(), createdAt: z.string(), createdBy: z.string() });

export type DataFolder = {
  readonly dir: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** Lets commands find this instance; called once it is ready. */
  announce(instance: Omit<RunningInstance, 'pid'>): Promise<void>;
  /** Takes the note back and lets another instance in. To be called last. */
  close(): Promise<void>;
};

export type OpenDataFolder = {
  readonly dir: string;
  readonly appVersion: string;
  readonly now: () => Date;
  /** When it is given, none is generated. */
  readonly masterKey?: Uint8Array;
};

/** @throws FatalError, and then the folder is as it was, or a first start that the next one finishes. */
export async function openDataFolder(options: OpenDataFolder): Promise<DataFolder> {
  const { dir } = options;
  try {
    const created = await mkdir(dir, { recursive: true });
    if (created !== undefined) await chmod(dir, 0o700);
    // Of another format: refused before its lock is touched.
    if ((await readFormat(dir)) === undefined) await refuseForeign(dir);
    const unlock = await lockDataFolder(dir);
    try {
      const masterKey = await establish(options);
      return handle(dir, masterKey, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  } catch (cause) {
    if (isFatal(cause) || !(cause instanceof Error && 'syscall' in cause)) throw cause;
    // A failed system call here is about the folder: a file in its place, no rights, a full or read-only disk.
    throw fatal(
      'DATA_FOLDER_UNUSABLE',
      `The data folder ${dir} can't be used (${cause.message}); put that right, or set RELATA_DATA_DIR to another folder.`,
      cause,
    );
  }
}

function handle(dir: string, masterKey: Uint8Array, unlock: () => Promise<void>): DataFolder {
  let closed: Promise<void> | undefined;
  return {
    dir,
    masterKey,
    announce: instance => announceInstance(dir, instance),
    close: () => {
      closed ??= withdrawInstance(dir).then(unlock);
      return closed;
    },
  };
}

/** Under the lock. The format file comes last: without it the folder is a first start that hasn't finished. */
async function establish({ dir, appVersion, now, masterKey }: OpenDataFolder): Promise<Uint8Array> {
  const paths = layout(dir);
  const firstStart = (await readFormat(dir)) === undefined;
  await mkdir(paths.keys, { recursive: true, mode: 0o700 });
  await chmod(paths.keys, 0o700);
  const key = await masterKeyOf(paths.masterKey, masterKey, firstStart ? 'mayGenerate' : 'mustExist');
  if (firstStart) {
    const content = { format: FORMAT, createdAt: now().toISOString(), createdBy: appVersion };
    await writeWhole(paths.format, `${JSON.stringify(content, null, 2)}\n`);
  }
  return key;
}

async function readFormat(dir: string): Promise<number | undefined> {
  const path = layout(dir).format;
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const parsed = FormatFile.safeParse(parseJson(text.toString()));
  if (!parsed.success) {
    throw fatal(
      'DATA_FOLDER_DAMAGED',
      `${path} isn't what Relata wrote; restore it from a backup, or set RELATA_DATA_DIR to another folder.`,
    );
  }
  const { format, createdBy } = parsed.data;
  if (format !== FORMAT) {
    throw fatal(
      'DATA_FOLDER_FORMAT',
      `The data folder ${dir} has format ${format} and this Relata reads format ${FORMAT}; start it with the version that wrote it (${createdBy}), or set RELATA_DATA_DIR to another folder.`,
    );
  }
  return format;
}

/**
 * Nothing may be written into a folder that holds something else. Another instance may be starting in it right now:
 * what it has just made must not look foreign, so the verdict must hold twice.
 */
async function refuseForeign(dir: string): Promise<void> {
  if (!((await looksForeign(dir)) && (await looksForeign(dir)))) return;
  throw fatal(
    'DATA_FOLDER_FOREIGN',
    `The folder ${dir} isn't empty and isn't a Relata data folder; set RELATA_DATA_DIR to a new or an empty folder.`,
  );
}

/** A folder is free when it is empty, or holds only what a first start leaves when it is cut short. */
async function looksForeign(dir: string): Promise<boolean> {
  const entries = await readdir(dir);
  const ours = new Set(['relata.lock', 'relata.pid', 'relata.pid.new', 'relata.json.new', 'lost+found']);
  if (entries.includes('relata.lock')) ours.add('keys');
  // The format is read last: whatever a start makes after its format file is only there when that is.
  return !entries.every(entry => ours.has(entry)) && (await readFormat(dir)) === undefined;
}

/** The key of a folder that a running instance holds open, for commands that attach to it. */
export async function readMasterKey(dir: string, given?: Uint8Array): Promise<Uint8Array> {
  return masterKeyOf(layout(dir).masterKey, given, 'mustExist');
}

/**
 * A key is generated on the first start only: later a missing one would have encrypted something, and a new one
 * would hide that it is lost.
 */
async function masterKeyOf(
  path: string,
  given: Uint8Array | undefined,
  absent: 'mayGenerate' | 'mustExist',
): Promise<Uint8Array> {
  const stored = await readIfThere(path);
  if (stored !== undefined && stored.length !== MASTER_KEY_BYTES) {
    throw fatal('MASTER_KEY_DAMAGED', `The master key ${path} is damaged; restore it from a backup.`);
  }
  if (given !== undefined) {
    if (stored === undefined || stored.equals(given)) return given;
    throw fatal(
      'MASTER_KEY_DIFFERS',
      `RELATA_MASTER_KEY isn't the key that this data folder was made with (${path}); unset it, or give the same one.`,
    );
  }
  if (stored !== undefined) return new Uint8Array(stored);
  if (absent === 'mustExist') {
    throw fatal(
      'MASTER_KEY_MISSING',
      `The master key ${path} is missing; restore it from a backup, or set RELATA_MASTER_KEY to it.`,
    );
  }
  const key = randomBytes(MASTER_KEY_BYTES);
  await writeWhole(path, key, 0o600);
  return new Uint8Array(key);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says that the file is damaged
  }
}
