/** Programs of Postgres, run as its user and with nothing of our environment: it may hold secrets. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { fatal } from './fatal.ts';
import type { PostgresPlace } from './postgresPlace.ts';

export function spawnOptions(place: PostgresPlace): SpawnOptions {
  return {
    cwd: place.home, // ours may be one that the user can't enter
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    // In a process group of its own: Ctrl-C in the terminal reaches the app, which drains and then stops Postgres.
    detached: true,
    ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
  };
}

/** Runs to its end. `output` is stdout and stderr, as they came. */
export function runAs(
  place: PostgresPlace,
  program: string,
  args: string[],
  input = '',
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnOptions(place), stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.on('error', () => undefined); // it may end without reading; its exit code says how it went
    child.stdin.end(input);
    child.once('error', cause => reject(cannotRun(program, cause)));
    child.once('close', code => resolve({ code, output }));
  });
}

export function cannotRun(program: string, cause: unknown) {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return fatal(
    'POSTGRES_BINARIES',
    `${program} can't be run here (${reason}); run \`npm ci\` again, or set RELATA_POSTGRES_URL to a Postgres server.`,
    cause,
  );
}
