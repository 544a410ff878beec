/** BatchAppend: one call for many appends, each answered by its correlation. The client's usual way. */
import type { Outcome } from './applying.ts';
import type { Engine } from './engine.ts';
import { checkedEvent, checkedOptions, MAX_APPEND_BYTES, sizeOf, timeLeft } from './proposals.ts';
import type { ProposedEvent } from './record.ts';
import { nameOf, readBatch, type WriteOptions } from './requests.ts';
import {
  batchAppended,
  batchFailed,
  batchRefused,
  batchStreamDeleted,
  batchTimeout,
  batchTooLarge,
  batchWrongRevision,
  type Correlated,
} from './responses.ts';
import type { Expected } from './rules.ts';
import { explain, OK } from './status.ts';
import type { Handler } from './transport.ts';

/** The real server's WriteTimeoutMs: how long the rest of an append may be on its way. */
const WRITE_TIMEOUT_MS = 2_000;
/** Appends of one call that may wait for their commit before its client has to wait. */
const MAX_WAITING = 2_000;
/** Answers that the client may leave unread before it has to wait. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** An append of which not all has come yet. */
type Pending = Correlated & {
  readonly expected: Expected;
  readonly events: ProposedEvent[];
  bytes: number;
  readonly timer: NodeJS.Timeout | undefined;
};

export const handleBatchAppend =
  (engine: Engine): Handler =>
  call => {
    const pending = new Map<string, Pending>();
    let waiting = 0;
    let finished = false;

    function settle(append: Pending, outcome: Outcome): void {
      waiting--;
      call.send(batchReply(append, outcome));
      if (call.backlog() > MAX_UNREAD_BYTES) {
        call.pause();
        call.whenDrained(call.resume);
      } else if (waiting < MAX_WAITING / 2) call.resume();
      if (finished && waiting === 0) call.end(OK);
    }

    function submit(append: Pending): void {
      waiting++;
      if (waiting >= MAX_WAITING) call.pause();
      const { stream, expected, events } = append;
      const abandoned = (): boolean => !call.open();
      engine.submit({
        stream,
        expected,
        events,
        abandoned,
        done: outcome => settle(append, outcome),
      });
    }

    function open(
      key: string,
      correlation: Buffer,
      options: WriteOptions,
      isFinal: boolean,
    ): Pending | undefined {
      const timeout = Math.min(timeLeft(options), WRITE_TIMEOUT_MS);
      const to = { correlation, stream: nameOf(options.stream) };
      if (timeout <= 0) {
        call.send(batchTimeout(to));
        return undefined;
      }
      const { expected } = checkedOptions(options);
      // A batch that came whole needs no clock.
      const timer = isFinal
        ? undefined
        : setTimeout(() => {
            if (pending.delete(key)) call.send(batchTimeout(to));
          }, timeout);
      return { ...to, expected, events: [], bytes: 0, timer };
    }

    call.whenClosed(() => {
      for (const { timer } of pending.values()) clearTimeout(timer);
    });
    return {
      message(message) {
        const { correlation, options, events, isFinal } = readBatch(message);
        const key = correlation.toString('latin1');
        const known = pending.get(key);
        try {
          const append = known ?? (options && open(key, correlation, options, isFinal));
          if (!append) return;
          pending.delete(key);
          for (const proposal of events) {
            const event = checkedEvent(proposal);
            append.bytes += sizeOf(event);
            append.events.push(event);
          }
          const tooLarge = append.bytes > MAX_APPEND_BYTES;
          if (!isFinal && !tooLarge) {
            pending.set(key, append);
            return;
          }
          clearTimeout(append.timer);
          if (tooLarge) call.send(batchTooLarge(append, MAX_APPEND_BYTES));
          else submit(append);
        } catch (error) {
          clearTimeout(known?.timer);
          const stream = known?.stream ?? nameOf(options?.stream);
          call.send(batchRefused({ correlation, stream }, explain(error).message));
        }
      },
      finished() {
        finished = true;
        if (waiting === 0) call.end(OK);
      },
    };
  };

function batchReply(append: Pending, outcome: Outcome): Buffer {
  switch (outcome.kind) {
    case 'written':
      return batchAppended(append, outcome.revision, outcome.position);
    case 'wrongRevision':
      return batchWrongRevision(append, append.expected, outcome.current);
    case 'deleted':
      return batchStreamDeleted(append);
    case 'failed':
      return batchFailed(append, explain(outcome.error));
  }
}
