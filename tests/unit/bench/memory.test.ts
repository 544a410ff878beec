import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { peakMbOf, residentMbOf, residentMbOfTree } from '../../../bench/support/memory.ts';

/** In the programs below: takes so much, and says that it did. */
const TAKE = 'let taken = Buffer.alloc(200 * 2 ** 20, 1); console.log("taken");';
/** Stays until whoever started it goes, and keeps what it has taken. */
const STAY = 'process.stdin.on("end", () => process.exit(taken?.length)).resume();';

describe.skipIf(process.platform !== 'linux')('memory', () => {
  test('of a process: its peak stays when it has given back what it took', async () => {
    const pid = await run(`${TAKE} taken = undefined; gc(); ${STAY}`);
    await expect.poll(() => residentMbOf(pid)).toBeLessThan(200); // with all that it shares
    expect(residentMbOfTree(pid)).toBeLessThan(200);
    expect(peakMbOf(pid)).toBeGreaterThan(200);
  });

  test('of a process that keeps what it took: all of it is resident', async () => {
    const pid = await run(`${TAKE} ${STAY}`);
    expect(residentMbOf(pid)).toBeGreaterThan(200);
  });

  test('of a tree: what its processes have together', async () => {
    const child = `['-e', ${JSON.stringify(TAKE + STAY)}], { stdio: ['pipe', 'inherit', 'inherit'] }`;
    const pid = await run(
      `let taken; require('node:child_process').spawn(process.execPath, ${child}); ${STAY}`,
    );
    expect(residentMbOfTree(pid)).toBeGreaterThan(200);
    expect(peakMbOf(pid)).toBeLessThan(200);
  });

  test('of a process that is gone there is none', () => {
    const none = 2 ** 22 + 1; // beyond the greatest pid
    expect([peakMbOf(none), residentMbOf(none), residentMbOfTree(none)]).toEqual([undefined, undefined, 0]);
  });
});

/** The pid of a process that runs this program, once it or its child has taken its memory. */
async function run(program: string): Promise<number> {
  const child = spawn(process.execPath, ['--expose-gc', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL')); // its child ends when its input does
  await once(child.stdout, 'data');
  return child.pid ?? 0; // it runs, so it has one
}
