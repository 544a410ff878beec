import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { abortOnSignals } from '../../../src/cli/command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const before = new Map(SIGNALS.map(signal => [signal, process.listeners(signal)]));
const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never); // the test goes on

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  exit.mockClear();
  for (const signal of SIGNALS)
    for (const listener of process.listeners(signal))
      if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
});

test.each(SIGNALS)('%s aborts, and says by what', name => {
  const signal = abortOnSignals();
  expect(signal.aborted).toBe(false);
  process.emit(name);
  expect(signal.reason).toMatchObject({ message: `stopped by ${name}` });
  expect(exit).not.toHaveBeenCalled();
});

test('what npm passes on at once is the same Ctrl-C; another one later ends the process', () => {
  const signal = abortOnSignals();
  process.emit('SIGINT');
  const { reason } = signal;
  vi.advanceTimersByTime(20);
  process.emit('SIGINT');
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2_000);
  process.emit('SIGTERM');
  expect(exit).toHaveBeenCalledExactlyOnceWith(143);
  expect(signal.reason).toBe(reason);
});
