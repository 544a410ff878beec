/**
 * Delete and Tombstone. A deleted stream can be written to again and goes on counting; one with a tombstone is gone for
 * good. Either is an event: metadata that hide all of the stream, or the tombstone at its end.
 */
import { randomUUID } from 'node:crypto';
import type { Outcome } from './applying.ts';
import type { Engine } from './engine.ts';
import { DELETED_METADATA } from './metadata.ts';
import { checkedOptions, streamDeleted, wrongExpectedVersion } from './proposals.ts';
import { readDelete } from './requests.ts';
import { deleted } from './responses.ts';
import { METADATA_TYPE, TOMBSTONE_TYPE } from './system.ts';
import { type Explain, type Handler, OK } from './transport.ts';

const EMPTY = Buffer.alloc(0);

export const handleDelete =
  (engine: Engine, explain: Explain, deletes: 'soft' | 'hard'): Handler =>
  call => ({
    message(message) {
      const { stream, expected } = checkedOptions(readDelete(message));
      const name = stream.toString('utf8');
      engine.submit({
        stream,
        expected,
        events: [deletion(deletes)],
        deletes,
        bytes: 0,
        abandoned: () => !call.open(),
        done: outcome => {
          if (outcome.kind !== 'written') return call.end(explain(failure(outcome)));
          call.send(deleted(outcome.position));
          call.end(OK);
        },
      });

      function failure(outcome: Exclude<Outcome, { kind: 'written' }>): unknown {
        if (outcome.kind === 'deleted') return streamDeleted(name);
        return outcome.kind === 'failed'
          ? outcome.error
          : wrongExpectedVersion(name, expected, outcome.current);
      }
    },
  });

const deletion = (deletes: 'soft' | 'hard') => ({
  id: randomUUID(),
  metadata: EMPTY,
  ...(deletes === 'soft'
    ? { type: METADATA_TYPE, json: true, data: DELETED_METADATA }
    : { type: TOMBSTONE_TYPE, json: false, data: EMPTY }),
});
