/** For commands whose memory must not grow along with what they read. */
import { setFlagsFromString } from 'node:v8';

/**
 * What is in use stays the same however long a log is; V8 alone would let garbage take several times as much. The young
 * generation stays as small as it is now, and the old one is collected when it has grown by half.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}
