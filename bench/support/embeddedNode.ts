/** The embedded event store as users run it outside an app: its own process, started by its command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ROOT } from './app.ts';
import type { BenchContext } from './benchmark.ts';
import type { Closable } from './resources.ts';
import { terminate } from './terminate.ts';

export type EmbeddedNode = Closable & {
  readonly pid: number;
  readonly url: string;
  /** From the start of the process until it listens. */
  readonly startedInMs: number;
};

const COMMAND = fileURLToPath(new URL('embedded/bin/relata-embedded-eventstore.js', ROOT));

/** @param dir its folder, which is made if it isn't there. */
export async function startEmbeddedNode(context: BenchContext, dir: string): Promise<EmbeddedNode> {
  const begun = performance.now();
  // Without links in categories: a server makes none either until it is told to, and the app doesn't want them.
  const child = spawn(process.execPath, [COMMAND, '--db', dir, '--port', '0', '--no-by-category'], {
    env: {}, // no setting of the developer's may change what is measured
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stopping: Promise<void> | undefined;
  const close = () => {
    stopping ??= terminate(child);
    return stopping;
  };
  context.use({ close });
  const url = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([line]) => String(line)),
    once(child, 'exit').then(([code]): never => {
      throw new Error(`the embedded event store ended with ${code} before it listened`);
    }),
  ]);
  return { pid: child.pid ?? 0, url, startedInMs: performance.now() - begun, close }; // it runs, so it has a pid
}
