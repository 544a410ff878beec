/** How far the projector of a running app is, as its checkpoints in Postgres say. */
import pg from 'pg';

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
