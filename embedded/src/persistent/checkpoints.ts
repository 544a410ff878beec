/** How far a group is, kept over a restart. While one checkpoint is written, only the latest of the next ones waits. */
import type { Engine } from '../engine.ts';
import { formatPosition, type GroupName, parsePosition, type StartFrom } from './definition.ts';
import { appendLatest, checkpointStream, lastValue } from './systemStreams.ts';

export function openCheckpoints(engine: Engine, name: GroupName) {
  const stream = checkpointStream(name);
  const value = lastValue(engine, stream);
  let saved = typeof value === 'string' ? parsePosition(name.stream, value) : undefined;
  let wanted: StartFrom | undefined;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (wanted) {
      const position = wanted;
      wanted = undefined;
      try {
        await appendLatest(engine, stream, 'SubscriptionCheckpoint', formatPosition(name.stream, position));
        saved = position;
      } catch {
        // A checkpoint that can't be written costs events sent again after a restart; the next one is tried afresh.
      }
    }
    writing = undefined;
  }

  return {
    /** The last one that is durable. */
    saved: (): StartFrom | undefined => saved,
    save(position: number): void {
      wanted = { commit: position, prepare: position };
      writing ??= write();
    },
    /** Resolves when nothing is being written. */
    settled: (): Promise<void> => writing ?? Promise.resolve(),
  };
}
