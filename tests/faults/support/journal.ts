/**
 * What clients meant to send and what they were told, kept outside the system: on the disk before a command goes out, and
 * again before its sender goes on. JSON, a line an entry.
 */
import { open, readFile } from 'node:fs/promises';

/** A command goes out; one that is repeated does so again, with the same id. */
export type Sent = {
  readonly kind: 'sent';
  readonly commandId: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly at: string;
};

/** What became of it: `unknown` where nothing came back, or nothing that says whether it was done. */
export type Told = {
  readonly kind: 'told';
  readonly commandId: string;
  readonly at: string;
} & Outcome;

export type Outcome =
  | { readonly outcome: 'ok'; readonly id: string; readonly revision: number; readonly position: string }
  | { readonly outcome: 'rejected'; readonly code: string }
  | { readonly outcome: 'unknown'; readonly code?: string; readonly status?: number };

/** A client read what it had written. */
export type Looked = {
  readonly kind: 'looked';
  readonly id: string;
  /** What it asked to be shown at least: the position, and the record's revision there. */
  readonly position: string;
  readonly revision: number;
  /** The revision that it saw; a code where it was refused, `gone` where there was no such record, `unanswered`. */
  readonly saw: number | string;
};

export type Entry = Sent | Told | Looked;

export async function openJournal(path: string) {
  const file = await open(path, 'a');
  let waiting: { readonly line: string; readonly written: () => void }[] = [];
  let writing: Promise<void> | undefined;

  /** Those that come while the disk is busy share the next turn. */
  const flush = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await file.appendFile(batch.map(({ line }) => line).join(''));
      await file.datasync();
      for (const { written } of batch) written();
    }
    writing = undefined;
  };
  return {
    /** Resolves once it is on the disk. */
    write: (entry: Entry): Promise<void> =>
      new Promise((written, failed) => {
        waiting.push({ line: `${JSON.stringify(entry)}\n`, written });
        writing ??= flush();
        writing.catch(failed);
      }),
    close: () => file.close(),
  };
}

export type Journal = Awaited<ReturnType<typeof openJournal>>;

export async function readJournal(path: string): Promise<readonly Entry[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1); // behind the last line's end is nothing whole
  return lines.map(line => JSON.parse(line) as Entry); // as `write` made them
}
