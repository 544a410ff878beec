/**
 * `bench/RESULTS.md`: a block for each benchmark, written by `--save`. Prose below a block is people's own, and stays:
 * only what stands between a block's two marks is replaced.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { Benchmark, Result } from './benchmark.ts';
import { cellsOf } from './table.ts';

const FILE = new URL('../RESULTS.md', import.meta.url);

const INTRODUCTION = `# Results

\`npm run bench -- NAME --save\` writes the tables. Every ratio is value / floor, both measured in the same run, in turns; the
figures themselves are of one machine on one day. Why a bar isn't met is written below its table by hand.
`;

export async function saveResults(benchmark: Benchmark, results: readonly Result[]): Promise<void> {
  const before = await readFile(FILE, 'utf8').catch(() => INTRODUCTION);
  await writeFile(FILE, withBlock(before, benchmark, blockOf(results)));
}

/** The document with this benchmark's block replaced; in a section at its end where there is none. */
export function withBlock(
  document: string,
  { name, summary }: Pick<Benchmark, 'name' | 'summary'>,
  content: string,
): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const block = `${begin}\n${content}\n${end}`;
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  return from < 0 || to < 0
    ? `${document.trimEnd()}\n\n## ${name}\n\n${summary}\n\n${block}\n`
    : document.slice(0, from) + block + document.slice(to + end.length);
}

export function blockOf(results: readonly Result[]): string {
  const header = '| metric | value | floor | ratio | bar | |\n| --- | ---: | ---: | ---: | ---: | --- |';
  const rows = results.map(result => `| ${cellsOf(result).join(' | ')} |`);
  return `${when()}, on ${machine()}.\n\n${[header, ...rows].join('\n')}`;
}

const when = (): string => new Date().toISOString().slice(0, 10);

/** What it was measured on, so that figures of two days can be compared. */
function machine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() || 'unknown processors';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${model}, ${memory} GB, ${process.platform}, Node ${process.versions.node}`;
}
