/** What a group tells about its pace: items in all, since last asked, a second; and how long answers take. Pure. */

export type Rate = { readonly total: number; readonly sinceLast: number; readonly perSecond: number };

/** Counts from `now` on (milliseconds); each reading is against the one before. */
export function createRate(now: number) {
  let total = 0;
  let last = { total: 0, at: now };
  return {
    add(): void {
      total++;
    },
    read(at: number): Rate {
      const sinceLast = total - last.total;
      const seconds = (at - last.at) / 1_000;
      last = { total, at };
      return { total, sinceLast, perSecond: seconds > 0 ? Math.trunc(sinceLast / seconds) : 0 };
    },
  };
}

const WINDOW = 1_000;

/** How long the latest answers took, as the server's names with milliseconds; none before the first answer. */
export function createTimings() {
  const started = new Map<string, number>();
  let taken: number[] = [];
  return {
    start: (id: string, now: number): void => void started.set(id, now),
    end(id: string, now: number): void {
      const since = started.get(id);
      if (since === undefined) return;
      started.delete(id);
      taken.push(Math.trunc(now - since));
      if (taken.length > WINDOW) taken = taken.slice(-WINDOW);
    },
    read(): [name: string, milliseconds: number][] {
      if (taken.length === 0) return [];
      const sorted = taken.toSorted((a, b) => a - b);
      const at = (percent: number): number => sorted[Math.trunc((percent / 100) * sorted.length)]!;
      const sum = sorted.reduce((total, one) => total + one, 0);
      return [
        ['Mean', Math.trunc(sum / sorted.length)],
        ['Median', at(50)],
        ['Fastest', at(0)],
        ...[0, 20, 40, 60, 80].map((percent, index): [string, number] => [
          `Quintile ${index + 1}`,
          at(percent),
        ]),
        ...[90, 95, 99, 99.5, 99.9].map((percent): [string, number] => [`${percent}%`, at(percent)]),
        ['Highest', sorted.at(-1)!],
      ];
    },
  };
}
