import { describe, expect, it } from 'vitest';
import { pump } from '../src/delivery.ts';
import type { Call } from '../src/transport.ts';

/** A call whose reader takes nothing until it is told to. */
function slowCall() {
  const nothing = (): void => undefined;
  const state = { held: 0, taken: 0, open: true, drain: nothing };
  const call: Call = {
    header: () => undefined,
    open: () => state.open,
    send: (...frames) => {
      for (const frame of frames) state.held += frame.length;
    },
    backlog: () => state.held,
    whenDrained: then => {
      state.drain = () => {
        state.taken += state.held;
        state.held = 0;
        state.drain = nothing;
        then();
      };
    },
    whenClosed: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    fail: error => {
      throw error;
    },
    end: () => {
      state.open = false;
    },
  };
  return { call, state };
}

/** As many turns of the event loop as any pump here needs. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve));
}

const PAGE_BYTES = 100_000;
const page = Buffer.alloc(PAGE_BYTES);
describe('pump', () => {
  it('reads no further than a slow reader takes', async () => {
    const { call, state } = slowCall();
    let steps = 0;
    pump(call, () => ({ frames: [page], more: ++steps < 100 }));
    await settle();
    expect(state.held).toBeLessThanOrEqual(3 * PAGE_BYTES);
    const before = steps;
    state.drain();
    await settle();
    expect(steps).toBeGreaterThan(before);
    expect(state.held).toBeLessThanOrEqual(3 * PAGE_BYTES);
    while (steps < 100) {
      state.drain();
      await settle();
    }
    expect(state.taken + state.held).toBe(100 * PAGE_BYTES);
  });

  it('rests when there is no more, until it is woken', async () => {
    const { call } = slowCall();
    let steps = 0;
    const step = () => {
      steps++;
      return { frames: [], more: false };
    };
    const wake = pump(call, step);
    await settle();
    expect(steps).toBe(1);
    wake();
    wake();
    await settle();
    expect(steps).toBe(2);
  });

  it('stops when the reader has gone', async () => {
    const { call, state } = slowCall();
    let steps = 0;
    pump(call, () => ({ frames: [Buffer.alloc(1)], more: ++steps > 0 }));
    await settle();
    state.open = false;
    await settle();
    const stopped = steps;
    await settle();
    expect(steps).toBe(stopped);
  });

  it('tells what a step threw', async () => {
    const failures: unknown[] = [];
    const call = { ...slowCall().call, fail: (error: unknown) => void failures.push(error) };
    const failing = (): never => {
      throw new Error('damaged');
    };
    pump(call, failing);
    await settle();
    expect(failures).toEqual([new Error('damaged')]);
  });
});
