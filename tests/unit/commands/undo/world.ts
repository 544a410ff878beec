import type { Target } from '../../../../src/commands/undo/record.ts';
import { parseStream } from '../../../../src/domain/kernel/aggregate.ts';
import type { Envelope } from '../../../../src/eventstore/envelope.ts';
import { type LogEvent, type MemoryEventStore, memoryEventStore } from '../../../support/memoryEventStore.ts';
import { carriedOut, type WriteSide, type WriteSideOptions, writeSide } from '../../../support/writeSide.ts';
import { streamOf } from '../support.ts';

export const series = { correlationId: 'series' };

/** The records that a series touched, the one that it touched last first; as the read side tells. */
function touched(store: MemoryEventStore, target: Target) {
  const isOf = ({ metadata }: LogEvent) => {
    const { $correlationId: correlationId, commandId } = metadata as Envelope;
    return 'correlationId' in target
      ? correlationId === target.correlationId
      : commandId === target.commandId;
  };
  const records = store
    .log()
    .flatMap(event => (isOf(event) && parseStream(event.streamId) ? [event.streamId] : []));
  return [...new Set(records.reverse())].flatMap(stream => {
    const [category = '', rest = ''] = stream.split('-main.');
    return category === 'reservation' ? [] : [{ category, id: rest }];
  });
}

export function world(options: WriteSideOptions = {}) {
  const store = memoryEventStore();
  const here = writeSide(store.connect(), options);
  const undo = (
    side: WriteSide = here,
    target: Target = series,
    more: { undoId?: string; isPreview?: true } = {},
  ) =>
    Array.fromAsync(
      side.undo({ target, undoId: 'undo', context: side.context, ...more }, touched(store, target)),
    );
  return { store, here, undo, logOf: (category: string, id: string) => store.stream(streamOf(category, id)) };
}

export const envelope = (event: LogEvent | undefined) => event?.metadata as Envelope;
export const account = async ({ send }: WriteSide, input: object = {}, more: object = {}) =>
  (await carriedOut(send('registerAccount', { name: 'Acme', ...input }, more))).id;
