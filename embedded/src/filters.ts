/**
 * Server-side filters of `$all`: by prefixes or by a regular expression, of the stream's name or of the event's type.
 * A verdict depends on the stream or the type alone, so it is found once for each and remembered.
 */
import { type Cache, createCache } from './cache.ts';
import { malformed } from './wire.ts';

export type Filter = {
  readonly on: 'stream' | 'type';
  /** Empty: the prefixes count. */
  readonly regex: string;
  readonly prefixes: readonly string[];
};

export type Names = {
  streamName(stream: number): string;
  typeName(type: number): string;
};

/** Whether an event passes, by the numbers of its stream and of its type. */
export type Accepts = (stream: number, type: number) => boolean;

const REMEMBERED = 10_000;

/** Throws {@link malformed} for a regular expression that can't be used. */
export function compileFilter(filter: Filter, names: Names): Accepts {
  const test = filter.regex === '' ? prefixTest(filter.prefixes) : regexTest(filter.regex);
  const verdicts: Cache<number, boolean> = createCache(REMEMBERED);
  const remembered = (key: number, name: (key: number) => string): boolean => {
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = test(name(key));
    verdicts.set(key, verdict);
    return verdict;
  };
  return filter.on === 'stream'
    ? stream => remembered(stream, names.streamName)
    : (_, type) => remembered(type, names.typeName);
}

const prefixTest =
  (prefixes: readonly string[]) =>
  (name: string): boolean =>
    prefixes.some(prefix => name.startsWith(prefix));

/** .NET's constructs that JavaScript would read as something else, without an error. */
const DOTNET_ONLY = /\\[AGZz]|\(\?#|\[[^\]]*-\[/;

/** The real server uses .NET's regular expressions; what both read alike works, the rest is refused. */
function regexTest(source: string): (name: string) => boolean {
  const inline = /^\(\?([imsn]+)\)/.exec(source);
  const flags = inline?.[1] ?? '';
  const body = source.slice(inline?.[0].length ?? 0);
  if (DOTNET_ONLY.test(body) || flags.includes('n')) {
    throw malformed(`the filter's regular expression ${source} uses what only .NET knows`);
  }
  const unicode = /\\p\{/i.test(body) ? 'u' : '';
  try {
    const regex = new RegExp(body, flags + unicode);
    return name => regex.test(name);
  } catch {
    throw malformed(`the filter's regular expression ${source} is not one`);
  }
}
