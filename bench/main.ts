/** `npm run bench -- NAME [--json] [--quick] [--save]`: runs one benchmark, or `all`; without a name it lists them. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findExports, isKind } from '../src/modules.ts';
import { type BenchContext, type Benchmark, measure, type Result } from './support/benchmark.ts';
import { saveResults } from './support/results.ts';
import { tableOf } from './support/table.ts';

type Options = {
  readonly names: readonly string[];
  readonly json: boolean;
  readonly quick: boolean;
  readonly save: boolean;
  readonly context: Pick<BenchContext, 'quick' | 'logs' | 'profiles' | 'say'>;
};

const USAGE = `Usage: npm run bench -- NAME [OPTIONS]

  --json             one object a line, for machines
  --quick            a small run, to see that everything works
  --save             write the results into bench/RESULTS.md
  --logs FOLDER      keep the logs that are made there, and find them again
  --profile FOLDER   write a CPU profile of each of the app's threads there
`;

// Not awaited here: this file lies in the folder that it looks into, and would wait for itself.
main().then(
  code => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1); // what was stopped in the middle may have left something that waits
  },
);

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  const known = await findExports(new URL('./', import.meta.url), isKind<Benchmark>('benchmark'), 'flat');
  const chosen =
    options.names[0] === 'all' ? known : options.names.map(name => known.find(each => each.name === name));
  if (chosen.length === 0) {
    console.log(`${USAGE}\n  all`);
    for (const { name, summary } of known) console.log(`  ${name.padEnd(12)} ${summary}`);
    return 0;
  }
  const results: Result[] = [];
  const folder = await temporaryFolder();
  try {
    for (const [i, each] of chosen.entries()) {
      if (!each) throw new Error(`there is no benchmark ${options.names[i]}`);
      const measured = await measure(each, {
        ...options.context,
        folder: await subfolder(folder, each.name),
        shared: folder,
      });
      results.push(...measured);
      if (options.json) for (const result of measured) console.log(JSON.stringify(result));
      else console.log(`${each.name}: ${each.summary}\n${tableOf(measured)}\n`);
      if (options.save) await saveResults(each, measured);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return results.every(({ ok }) => ok) ? 0 : 2;
}

function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      logs: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const { json, quick, save } = values;
  if (save && quick) throw new Error('results of a quick run mean little; leave --quick out to save them');
  const begun = performance.now();
  const say = (text: string) =>
    console.error(`[${((performance.now() - begun) / 1_000).toFixed(0).padStart(3)} s] ${text}`);
  const path = (folder: string | undefined) => (folder === undefined ? undefined : resolve(folder));
  return {
    names: positionals,
    json,
    quick,
    save,
    context: { quick, say, logs: path(values.logs), profiles: path(values.profile) },
  };
}

/** To be passed through by others: started as root, Postgres runs as a user of its own. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'relata-bench-'));
  await chmod(folder, 0o711);
  return folder;
}

async function subfolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { mode: 0o711 });
  return path;
}
