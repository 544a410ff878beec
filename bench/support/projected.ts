/** How far the projector of a running app is, as its checkpoints in Postgres say. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { App } from './app.ts';

export type Progress = {
  /** Commit position that every live read model has handled; −1 before the first batch. */
  readonly position: bigint;
  /** Whether they have all of their indexes, which a first catching up makes at its end. */
  readonly indexed: boolean;
};

export type Watch = { readonly look: () => Promise<Progress>; readonly close: () => Promise<void> };

export async function watchProjector(postgresUrl: string): Promise<Watch> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  return {
    look: async () => {
      const { rows } = await client.query<{ position: string | null; indexed: boolean | null }>(
        `SELECT min(commit_position) AS position, bool_and(indexed) AS indexed FROM relata.builds WHERE status <> 'retired'`,
      );
      return { position: BigInt(rows[0]?.position ?? -1), indexed: rows[0]?.indexed === true };
    },
    close: () => client.end(),
  };
}

/** Waits until the app's read models have passed the position, with their indexes. @throws when the app isn't ready any more. */
export async function caughtUp({ url, postgresUrl }: App, position: bigint): Promise<void> {
  const watch = await watchProjector(postgresUrl);
  try {
    for (;;) {
      const progress = await watch.look();
      if (progress.position >= position && progress.indexed) return;
      await requireReady(url);
      await delay(50);
    }
  } finally {
    await watch.close();
  }
}

/** What can't be folded stops the projector, and /readyz says so. */
export async function requireReady(url: URL): Promise<void> {
  const answer = await fetch(new URL('/readyz', url));
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the app isn't ready any more: ${text}`);
}
