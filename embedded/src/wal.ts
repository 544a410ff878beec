/**
 * SQLite takes the first frame of its write-ahead log whose checksum fails for the place where a crash cut it off,
 * and drops what follows. That is right for the commit that was being written, and wrong for a byte that went bad
 * under commits that had been acknowledged: those would vanish without a word. So the log is looked through first.
 *
 * Every commit is synced before the next is written. A bad frame with whole commits after its own was therefore
 * once good, and the start is refused. A bad frame in the very last commit can't be told from a cut-off one.
 * Format: https://sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { storeError } from './errors.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/** Throws DATA_DIR_DAMAGED when acknowledged commits would be lost by opening the database. */
export function refuseDamagedWal(path: string): void {
  if (!existsSync(path)) return;
  const damagedAt = findDamage(readFileSync(path));
  if (damagedAt === undefined) return;
  throw storeError(
    'DATA_DIR_DAMAGED',
    `${path} is damaged at byte ${damagedAt}, with acknowledged events after it: restore the folder from a backup.`,
  );
}

/** The offset of the first bad frame that later commits follow; undefined when there is none. */
export function findDamage(wal: Buffer): number | undefined {
  if (wal.length < HEADER_BYTES + FRAME_HEADER_BYTES) return undefined;
  const pageSize = wal.readUInt32BE(8);
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  if (pageSize < 512 || pageSize > 65_536) return 0;
  const magic = wal.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return 0;
  const words = checksumWords(wal, (magic & 1) === 1);
  let sum = words([0, 0], 0, 24);
  if (sum[0] !== wal.readUInt32BE(24) || sum[1] !== wal.readUInt32BE(28)) return 0;
  const salts = wal.subarray(16, 24);
  for (let at = HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    // Other salts: what is left of an older log that this one writes over.
    const current = wal.subarray(at + 8, at + 16).equals(salts);
    sum = words(words(sum, at, at + 8), at + FRAME_HEADER_BYTES, at + frameBytes);
    if (sum[0] === wal.readUInt32BE(at + 16) && sum[1] === wal.readUInt32BE(at + 20) && current) continue;
    return hasLaterCommit(wal, at, frameBytes, salts) ? at : undefined;
  }
  return undefined;
}

/** Whether frames of this log follow a commit frame at or after the given one: then that commit was synced. */
function hasLaterCommit(wal: Buffer, from: number, frameBytes: number, salts: Buffer): boolean {
  let committed = false;
  for (let at = from; at + frameBytes <= wal.length; at += frameBytes) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) continue;
    if (committed) return true;
    committed = wal.readUInt32BE(at + 4) !== 0;
  }
  return false;
}

type Sum = readonly [number, number];

/** SQLite's running checksum over pairs of 32-bit words in the byte order that the log was written in. */
function checksumWords(wal: Buffer, bigEndian: boolean) {
  const swap = bigEndian === (endianness() === 'LE');
  const words = new Uint32Array(wal.buffer.slice(wal.byteOffset, wal.byteOffset + (wal.length & ~3)));
  const word = (index: number): number => {
    const value = words[index]!;
    if (!swap) return value;
    return (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24);
  };
  return ([first, second]: Sum, start: number, end: number): Sum => {
    let a = first;
    let b = second;
    for (let index = start / 4; index < end / 4; index += 2) {
      a = (a + word(index) + b) >>> 0;
      b = (b + word(index + 1) + a) >>> 0;
    }
    return [a, b];
  };
}
