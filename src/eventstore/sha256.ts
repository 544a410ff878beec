/** SHA-256. As bytes by way of a string: a Buffer out of crypto costs several times what the hash does. */
import { hash as digest } from 'node:crypto';

export const sha256 = (data: string | Uint8Array): Buffer =>
  Buffer.from(digest('sha256', data, 'binary'), 'latin1');

export const sha256Hex = (data: string | Uint8Array): string => digest('sha256', data, 'hex');

/** Each character is a byte. */
export const sha256Binary = (data: string | Uint8Array): string => digest('sha256', data, 'binary');
