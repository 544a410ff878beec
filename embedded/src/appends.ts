/** Append: one call for each append. The client uses it when the call has credentials. */
import type { Outcome } from './applying.ts';
import type { Engine } from './engine.ts';
import {
  checkedEvent,
  checkedOptions,
  MAX_APPEND_BYTES,
  sizeOf,
  streamDeleted,
  tooLarge,
} from './proposals.ts';
import type { ProposedEvent } from './record.ts';
import { readAppend, type WriteOptions } from './requests.ts';
import { appended, wrongRevision } from './responses.ts';
import type { Expected } from './rules.ts';
import { type Call, type Explain, type Handler, OK, refusal, STATUS, type Status } from './transport.ts';

export const handleAppend =
  (engine: Engine, explain: Explain): Handler =>
  call => {
    let options: (WriteOptions & { readonly expected: Expected }) | undefined;
    const events: ProposedEvent[] = [];
    let bytes = 0;
    return {
      message(message) {
        const part = readAppend(message);
        if ('options' in part) {
          options = checkedOptions(part.options);
          return;
        }
        bytes += sizeOf(part.event);
        if (bytes > MAX_APPEND_BYTES) throw tooLarge();
        events.push(checkedEvent(part.event));
      },
      finished() {
        if (!options) throw refusal(STATUS.invalidArgument, 'The append has no options: they come first.');
        const { stream, expected } = options;
        const abandoned = (): boolean => !call.open();
        engine.submit({
          stream,
          expected,
          events,
          bytes,
          abandoned,
          done: outcome => answer(call, stream, expected, outcome, explain),
        });
      },
    };
  };

function answer(call: Call, stream: Buffer, expected: Expected, outcome: Outcome, explain: Explain): void {
  if (outcome.kind === 'written') call.send(appended(outcome.revision, outcome.position));
  else if (outcome.kind === 'wrongRevision') call.send(wrongRevision(expected, outcome.current));
  call.end(statusOf(outcome, stream, explain));
}

function statusOf(outcome: Outcome, stream: Buffer, explain: Explain): Status {
  if (outcome.kind === 'failed') return explain(outcome.error);
  return outcome.kind === 'deleted' ? explain(streamDeleted(stream.toString('utf8'))) : OK;
}
