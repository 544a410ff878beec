import { expect, test } from 'vitest';
import type { Dispatch } from '../../../src/commands/dispatch.ts';
import { commandError } from '../../../src/commands/errors.ts';
import { ALL, useShop } from './shopWorld.ts';

const { importShop, newWorkspace, types, watched, write, writeSide } = useShop();

test('stopped at any command and run again, it ends the same', async () => {
  for (let limit = 0; limit < 20; limit += 3) {
    newWorkspace();
    let sent = 0;
    const stop = new AbortController();
    const connect = watched(() => {
      if (++sent > limit) stop.abort();
    });
    const first = await importShop({ connect, signal: stop.signal, concurrency: 2 });
    expect(first.isInterrupted).toBe(true);
    await importShop();
    expect(await types()).toEqual(ALL);
  }
});

test('when the event store is gone it stops, and says to run it again', async () => {
  let sent = 0;
  const connect = async () => {
    const { dispatch, streams } = writeSide();
    const error = {
      kind: 'UNAVAILABLE',
      code: 'UNAVAILABLE',
      message: 'the event store did not answer',
    } as const;
    const failing: Dispatch = async (request, context) =>
      ++sent > 5 ? { ok: false, error } : dispatch(request, context);
    return { dispatch: failing, streams };
  };
  await expect(importShop({ connect })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('run the same import again'),
  });
  await importShop();
  expect(await types()).toEqual(ALL);
});

test('also when it is gone while an earlier import is looked up', async () => {
  await importShop();
  const connect = async () => {
    const streams = {
      cached: () => undefined,
      read: async () => {
        throw commandError('UNAVAILABLE', 'the event store did not answer');
      },
    };
    return { dispatch: writeSide().dispatch, streams };
  };
  await expect(importShop({ connect })).rejects.toMatchObject({ kind: 'importError', code: 'UNAVAILABLE' });
});

test('never more rows are on their way than asked, and the file is read no faster', async () => {
  const rows = Array.from({ length: 500 }, (_, i) => `Customer ${i},${i}`).join('\n');
  await write({ 'customers.csv': `name,size\n${rows}\n` });
  let [now, most] = [0, 0];
  const connect = async () => {
    const { dispatch, streams } = writeSide();
    const counting: Dispatch = async (request, context) => {
      most = Math.max(most, ++now);
      return dispatch(request, context).finally(() => (now -= 1));
    };
    return { dispatch: counting, streams };
  };
  await importShop({ connect, concurrency: 7 });
  expect(most).toBe(7);
});
