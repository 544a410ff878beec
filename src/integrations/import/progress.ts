/** Telling how an import gets on: one line that renews itself on a terminal, and a line now and then elsewhere. */
import type { Progress } from './runImport.ts';

export type Output = {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  /** Of a terminal. */
  readonly columns?: number | undefined;
};

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5_000;
/** From here on the rest can be told from what is done. */
const FIRST_SHARE = 0.01;
const CLEAR_LINE = '\r\u001b[K';

/** Shows what a line of an import says. */
export function createProgressView(output: Output, now: () => number) {
  const { show, end } = createLineView(output, now);
  return {
    show: (progress: Progress): void => show(elapsedMs => progressLine(progress, elapsedMs)),
    end,
  };
}

/** @param now ms, of any clock that only moves on. */
export function createLineView(output: Output, now: () => number) {
  const begun = now();
  const every = output.isTTY ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;
  let shown = output.isTTY ? Number.NEGATIVE_INFINITY : begun;
  return {
    /** @param lineAt the line, after so many ms; asked for only when it is shown. */
    show: (lineAt: (elapsedMs: number) => string): void => {
      const at = now();
      if (at - shown < every) return;
      shown = at;
      const line = lineAt(at - begun);
      // A line that wraps could not be taken away again.
      output.write(output.isTTY ? `${CLEAR_LINE}${line.slice(0, (output.columns ?? 80) - 1)}` : `${line}\n`);
    },
    /** Takes the renewing line away, so that what follows stands at its place. */
    end: (): void => {
      if (output.isTTY) output.write(CLEAR_LINE);
    },
  };
}

/** `Opportunities (8 of 8): 4,210 rows, 430 rows/s, 53 %, about 12 s left`. */
function progressLine(progress: Progress, elapsedMs: number): string {
  const { pass, passes, counts, rows, bytesDone, bytesTotal } = progress;
  const share = bytesTotal > 0 ? bytesDone / bytesTotal : 0;
  const perSecond = elapsedMs > 0 ? Math.round((rows * 1000) / elapsedMs) : 0;
  const rejected = counts.rejected > 0 ? `, ${number(counts.rejected)} rejected` : '';
  return `${counts.title} (${pass + 1} of ${passes}): ${number(counts.rows)} rows${rejected}, ${number(perSecond)} rows/s, ${Math.floor(share * 100)} %${timeLeft(share, elapsedMs)}`;
}

/** `, about 12 s left`, once that can be told. */
export const timeLeft = (share: number, elapsedMs: number): string =>
  share >= FIRST_SHARE ? `, about ${duration((elapsedMs * (1 - share)) / share)} left` : '';

export const number = (value: number): string => value.toLocaleString('en-GB');

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
