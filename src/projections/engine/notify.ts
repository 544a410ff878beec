/** What a committed batch tells the other processes: up to where rows are visible, and which of them changed. */
import { z } from 'zod';
import type { Position } from '../../eventstore/envelope.ts';

export const CHANNEL = 'relata_visible';

/** Ids of changed rows, by workspace and model. */
export type ChangedRows = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Postgres refuses 8,000 bytes and more; names and ids are ASCII. */
const MAX_BYTES = 7_900;

/** As sent. A batch may take several; its last one has the position. */
const Payload = z
  .object({
    changed: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
    position: z.string().regex(/^-?\d+$/),
    /** What is parked has changed. */
    parked: z.literal(true),
  })
  .partial();
export type Payload = z.infer<typeof Payload>;

/** Whoever may connect to the database may notify: nothing for what this engine hasn't sent. */
export function payloadIn(text: string): Payload | undefined {
  try {
    return Payload.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The notifications of one transaction, in order. */
export function payloadsOf(
  changed: ChangedRows,
  position: Position,
  parked: 'parked' | 'nothing parked' = 'nothing parked',
): readonly string[] {
  const payloads: string[] = [];
  let open: Record<string, Record<string, string[]>> = {};
  let size = 0;
  const end = { position: String(position), ...(parked === 'parked' && { parked: true }) };
  const last = JSON.stringify(end);
  const flush = () => {
    if (size === 0) return;
    payloads.push(JSON.stringify({ changed: open }));
    open = {};
    size = 0;
  };
  for (const [workspaceId, models] of changed)
    for (const [model, ids] of models)
      for (const id of ids) {
        // At most: quotes, commas and brackets of an id, its model and its workspace.
        const needs = id.length + model.length + workspaceId.length + 16;
        if (size + needs > MAX_BYTES - last.length) flush();
        open[workspaceId] ??= {};
        open[workspaceId][model] ??= [];
        size += open[workspaceId][model].length === 0 ? needs : id.length + 3;
        open[workspaceId][model].push(id);
      }
  const rest = size === 0 ? {} : { changed: open };
  payloads.push(JSON.stringify({ ...rest, ...end }));
  return payloads;
}
