import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { cpuMsOfTree } from '../../../bench/support/processes.ts';

/** Works for so long by its own processor time. */
const WORK =
  'for (let all = 0; all < 300_000; ) { const { user, system } = process.cpuUsage(); all = user + system; }';
const STAY = 'process.stdin.resume();';

test.skipIf(process.platform !== 'linux')(
  'processor time of a tree: what lives, and what has ended',
  async () => {
    const child = (program: string) =>
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(program)}], { stdio: ['pipe', 'inherit', 'inherit'] })`;
    const lives = child(`${WORK} console.log('done'); ${STAY}`);
    const ends = `${child(WORK)}.on('exit', () => console.log('done'))`;
    const parent = spawn(process.execPath, ['-e', `${lives}; ${ends}; ${STAY}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL')); // its children end when their input does
    let said = '';
    parent.stdout.on('data', text => {
      said += text;
    });
    while (said.split('done').length < 3) await once(parent.stdout, 'data');
    await expect.poll(() => cpuMsOfTree(parent.pid ?? 0)).toBeGreaterThan(500); // one alone takes little more than 300
    expect(cpuMsOfTree(2 ** 22 + 1)).toBe(0); // beyond the greatest pid
  },
);
