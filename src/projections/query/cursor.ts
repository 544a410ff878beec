/** Opaque cursors: the values of a row's order keys, and which order they belong to. */
import type { Order } from './order.ts';
import { invalid } from './refusal.ts';
import { isValueOf } from './values.ts';

export type Cursor = readonly unknown[];

const VERSION = '1';
/** A page may be ordered by long texts. */
const MAX_LENGTH = 100_000;

/** Which order a cursor was made for: it means nothing in another one. */
const signature = (order: Order) => `${VERSION}:${order.map(key => `${key.column} ${key.direction}`).join()}`;

export const encodeCursor = (order: Order, values: Cursor): string =>
  Buffer.from(JSON.stringify([signature(order), ...values])).toString('base64url');

/** @throws QueryRefusal when it isn't one that this order gave. */
export function decodeCursor(order: Order, text: string, path: string): Cursor {
  const [made, ...values] = parse(text);
  const fits =
    made === signature(order) &&
    values.length === order.length &&
    order.every((key, i) => (values[i] === null ? key.nullable : isValueOf(key.kind, values[i])));
  if (!fits) throw invalid(path, 'is not a cursor of this list in this order; begin again without it');
  return values;
}

function parse(text: string): readonly unknown[] {
  if (text.length > MAX_LENGTH) return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // not ours: refused by the caller, as any other wrong cursor
  }
}
