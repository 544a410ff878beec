/** Gossip: a cluster of one, which is its leader, so that clients told to discover a cluster find it. */
import { randomUUID } from 'node:crypto';
import { OK } from './status.ts';
import type { Handler } from './transport.ts';
import { frame, nested, number, text } from './wire.ts';

export type Address = { readonly host: string; readonly port: number };

/** MemberInfo.VNodeState */
const LEADER = 8;
const TICKS_PER_MILLISECOND = 10_000;

/** Gossip.Read. The address is asked for with each call: it is known only when the server listens. */
export function handleGossip(address: () => Address): Handler {
  const instance = randomUUID();
  return call => ({
    message() {
      const { host, port } = address();
      const member = nested(
        1,
        nested(1, text(2, instance)),
        number(2, Date.now() * TICKS_PER_MILLISECOND),
        number(3, LEADER),
        number(4, 1),
        nested(5, text(1, host), number(2, port)),
      );
      call.send(frame(member));
      call.end(OK);
    },
  });
}
