/** The PersistentSubscriptions service: its calls, and what answers them. */

import { idOf, requireTextIds } from '../requests.ts';
import { OK, refusal, STATUS } from '../status.ts';
import type { Handler } from '../transport.ts';
import { ALL, type GroupName } from './definition.ts';
import { failed } from './errors.ts';
import type { Groups } from './groups.ts';
import {
  actionOf,
  readDefinition,
  readDelete,
  readGetInfo,
  readList,
  readRead,
  readReplayParked,
  toTarget,
} from './requests.ts';
import { DONE, listed } from './responses.ts';
import type { Answers } from './running.ts';

/** By the names of the methods. */
export function persistentHandlers(groups: Groups): ReadonlyMap<string, Handler> {
  /** One message in, one out. */
  const unary =
    (answer: (bytes: Buffer) => Promise<Buffer>): Handler =>
    call => ({
      message(bytes) {
        answer(bytes).then(frame => {
          call.send(frame);
          call.end(OK);
        }, call.fail);
      },
    });
  /** One message in, “done” out. */
  const command = (run: (bytes: Buffer) => Promise<void>): Handler =>
    unary(async bytes => {
      await run(bytes);
      return DONE;
    });
  return new Map([
    ['Create', command(bytes => groups.create(ownName(readDefinition(bytes))))],
    ['Update', command(bytes => groups.update(ownName(readDefinition(bytes))))],
    ['Delete', command(bytes => groups.delete(ownName(readDelete(bytes))))],
    ['GetInfo', unary(async bytes => listed([await groups.info(readGetInfo(bytes))]))],
    ['List', unary(async bytes => listed(await groups.list(readList(bytes))))],
    ['ReplayParked', command(bytes => replay(groups, bytes))],
    ['RestartSubsystem', command(() => groups.restart())],
    ['Read', handleRead(groups)],
  ]);
}

/** `$all` has an option of its own; a stream can't be called that. */
function ownName<Named extends GroupName & { readonly isAll: boolean }>(named: Named): Named {
  if (named.stream === '') throw failed(named, 'Bad stream name.');
  if (named.stream === ALL && !named.isAll) {
    throw failed(named, 'Persistent subscriptions to $all are only supported over gRPC through gRPC clients');
  }
  return named;
}

function replay(groups: Groups, bytes: Buffer): Promise<void> {
  const { stopAt, ...name } = readReplayParked(bytes);
  return groups.replay(name, stopAt);
}

const handleRead =
  (groups: Groups): Handler =>
  call => {
    let joined = false;
    let answers: Answers | undefined;
    return {
      message(bytes) {
        const { options, ack, nack } = readRead(bytes);
        if (ack) answers?.ack(ack.ids.map(idOf));
        if (nack) answers?.nack(nack.ids.map(idOf), actionOf(nack.action), nack.reason);
        if (options) {
          requireTextIds(options.ids);
          if (joined) throw refusal(STATUS.invalidArgument, 'The options come once, first.');
          if (options.bufferSize < 1)
            throw refusal(STATUS.invalidArgument, 'The buffer size must be 1 or more.');
          joined = true;
          groups.join(toTarget(options), call, options).then(given => {
            answers = given;
          }, call.fail);
        }
      },
    };
  };
