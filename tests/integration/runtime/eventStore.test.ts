import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { beforeEach, expect, test, vi } from 'vitest';
import { startEventStore } from '../../../src/runtime/eventStore.ts';
import { refused, silent, temporaryFolder } from './support.ts';

// The real one can't be made to fail on demand: it lives on a thread of this process.
vi.mock('@relata/embedded-eventstore', () => ({
  startEmbeddedEventStore: vi.fn(),
  isStoreError: (error: unknown) => error instanceof Error && 'code' in error,
}));

const startMock = vi.mocked(startEmbeddedEventStore);
beforeEach(() => startMock.mockReset());

function store(port: number) {
  const end = Promise.withResolvers<void>();
  return {
    connectionString: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    closed: end.promise,
    verify: vi.fn(),
    backup: vi.fn(),
    close: async () => end.resolve(),
    end,
  };
}

function failure(code: string) {
  return Object.assign(new Error('one sentence'), { code });
}

test('says so when it ends by itself', async () => {
  const running = store(2113);
  startMock.mockResolvedValueOnce(running);
  const { exited } = await startEventStore(await temporaryFolder(), silent);
  running.end.reject(failure('STOPPED'));
  expect(await exited).toMatchObject({
    code: 'EVENTSTORE_ENDED',
    message: expect.stringContaining('start Relata again'),
  });
});

test('being closed is no end by itself', async () => {
  startMock.mockResolvedValueOnce(store(2113));
  const { exited, close } = await startEventStore(await temporaryFolder(), silent);
  await close();
  expect(await Promise.race([exited, Promise.resolve('nothing')])).toBe('nothing');
});

test('asks for another port when its own was taken in between, and keeps the one that it got', async () => {
  startMock.mockRejectedValueOnce(failure('PORT_IN_USE')).mockResolvedValueOnce(store(2114));
  const dir = await temporaryFolder();
  await startEventStore(dir, silent);
  expect(await readFile(join(dir, 'ports', 'eventstore'), 'utf8')).toBe('2114');
});

test('what its user can put right is fatal in its own words', async () => {
  startMock.mockRejectedValueOnce(failure('DATA_DIR_DAMAGED'));
  expect(await refused(startEventStore(await temporaryFolder(), silent))).toMatchObject({
    code: 'EVENTSTORE_DATA_DIR_DAMAGED',
    message: 'one sentence',
  });
});

test('a bug keeps its stack', async () => {
  const bug = failure('UNEXPECTED');
  startMock.mockRejectedValueOnce(bug);
  await expect(startEventStore(await temporaryFolder(), silent)).rejects.toBe(bug);
});
