/**
 * Append, Delete and Tombstone: a call for each write. The client appends so when the call has credentials.
 *
 * A deleted stream can be written to again and goes on counting; one with a tombstone is gone for good. Either is an
 * event: metadata that hide all of the stream, or the tombstone at its end.
 */
import type { Change, Outcome } from './applying.ts';
import type { Engine } from './engine.ts';
import { DELETED_METADATA } from './metadata.ts';
import {
  checkedEvent,
  checkedOptions,
  MAX_APPEND_BYTES,
  sizeOf,
  streamDeleted,
  type Target,
  tooLarge,
  wrongExpectedVersion,
} from './proposals.ts';
import { ownEvent, type ProposedEvent } from './record.ts';
import { present, readAppend, readDelete } from './requests.ts';
import { appended, deleted, wrongRevision } from './responses.ts';
import { OK, refusal, STATUS } from './status.ts';
import { METADATA_TYPE, TOMBSTONE_TYPE } from './system.ts';
import type { Call, Handler } from './transport.ts';

type Written = Extract<Outcome, { kind: 'written' }>;

/** Submits a write, and ends its call as that turned out. `wrong` gives the answer to a wrong revision, or throws. */
function submit(
  engine: Engine,
  call: Call,
  change: Change,
  written: (outcome: Written) => Buffer,
  wrong: (current: number) => Buffer,
): void {
  function answer(outcome: Outcome): Buffer {
    switch (outcome.kind) {
      case 'written':
        return written(outcome);
      case 'wrongRevision':
        return wrong(outcome.current);
      case 'deleted':
        throw streamDeleted(change.stream.toString('utf8'));
      case 'failed':
        throw outcome.error;
    }
  }
  engine.submit({
    ...change,
    abandoned: () => !call.open(),
    done(outcome) {
      try {
        call.send(answer(outcome));
        call.end(OK);
      } catch (error) {
        call.fail(error);
      }
    },
  });
}

export const handleAppend =
  (engine: Engine): Handler =>
  call => {
    let target: Target | undefined;
    const events: ProposedEvent[] = [];
    let bytes = 0;
    return {
      message(message) {
        const { options, event: proposal } = readAppend(message);
        if (options) {
          target = checkedOptions(options);
          return;
        }
        const event = checkedEvent(present(proposal));
        bytes += sizeOf(event);
        if (bytes > MAX_APPEND_BYTES) throw tooLarge();
        events.push(event);
      },
      finished() {
        if (!target) throw refusal(STATUS.invalidArgument, 'The append has no options: they come first.');
        const { expected } = target;
        submit(
          engine,
          call,
          { ...target, events },
          ({ revision, position }) => appended(revision, position),
          current => wrongRevision(expected, current),
        );
      },
    };
  };

export const handleDelete =
  (engine: Engine, deletes: 'soft' | 'hard'): Handler =>
  call => ({
    message(message) {
      const { stream, expected } = checkedOptions(readDelete(message));
      submit(
        engine,
        call,
        { stream, expected, events: [deletion(deletes)], deletes },
        ({ position }) => deleted(position),
        current => {
          throw wrongExpectedVersion(stream.toString('utf8'), expected, current);
        },
      );
    },
  });

/** The event that deletes a stream. */
const deletion = (deletes: 'soft' | 'hard'): ProposedEvent =>
  deletes === 'soft' ? ownEvent(METADATA_TYPE, { json: DELETED_METADATA }) : ownEvent(TOMBSTONE_TYPE, {});
