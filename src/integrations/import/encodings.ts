/** How the bytes of a file become text. */
import { open } from 'node:fs/promises';
import type { FilePlan } from './plan.ts';

type Encoding = FilePlan['encoding'];

/** Node's names; its latin1 is ISO 8859-1, which `decoded` sets right. */
export const nodeEncodings = {
  'utf-8': 'utf8',
  'utf-16le': 'utf16le',
  'windows-1252': 'latin1',
} as const satisfies Record<Encoding, BufferEncoding>;

/** Where Windows differs from ISO 8859-1, the cell is decoded again. */
export function decoded(cell: string, encoding: Encoding): string {
  if (encoding !== 'windows-1252' || !/[\u0080-\u009f]/.test(cell)) return cell;
  return new TextDecoder('windows-1252').decode(Buffer.from(cell, 'latin1'));
}

const MARKS = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

/** What a file says of itself by its first bytes, a byte order mark; nothing when it has none. */
export async function markOf(path: string): Promise<(typeof MARKS)[number]['encoding'] | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(3), 0, 3, 0);
    const begin = buffer.subarray(0, bytesRead);
    return MARKS.find(({ bytes }) => bytes.every((byte, i) => begin[i] === byte))?.encoding;
  } finally {
    await file.close();
  }
}
