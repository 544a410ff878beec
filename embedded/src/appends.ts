/** Append: one call for each append. The client uses it when the call has credentials. */
import type { Engine } from './engine.ts';
import { checkedEvent, checkedOptions, MAX_APPEND_BYTES, sizeOf, tooLarge } from './proposals.ts';
import type { ProposedEvent } from './record.ts';
import { type AppendOptions, readAppend } from './requests.ts';
import { appended, wrongRevision } from './responses.ts';
import type { Expected } from './rules.ts';
import { type Call, type Explain, type Handler, OK, refusal, STATUS } from './transport.ts';
import type { Outcome } from './writer.ts';

export const handleAppend =
  (engine: Engine, explain: Explain): Handler =>
  call => {
    let options: (AppendOptions & { readonly expected: Expected }) | undefined;
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
          done: outcome => answer(call, expected, outcome, explain),
        });
      },
    };
  };

function answer(call: Call, expected: Expected, outcome: Outcome, explain: Explain): void {
  if (outcome.kind === 'failed') {
    call.end(explain(outcome.error));
    return;
  }
  call.send(
    outcome.kind === 'written'
      ? appended(outcome.revision, outcome.position)
      : wrongRevision(expected, outcome.current),
  );
  call.end(OK);
}
