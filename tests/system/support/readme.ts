/** What the README tells its readers to type, taken from its text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from './program.ts';

const README = readFileSync(join(CHECKOUT, 'README.md'), 'utf8');

export type Example = {
  /** Of its operation. */
  readonly name: string;
  readonly document: string;
  /** The paragraph that stands above it. */
  readonly prose: string;
  /** What has to be imported before it can be asked. */
  readonly needs: string | undefined;
  /** The code of the error that it shows. */
  readonly fails: string | undefined;
  /** Variables that later examples take from its answer: name and path. */
  readonly keeps: readonly (readonly [string, string])[];
};

/** The hints stand in a comment right above a block: `needs: …`, `fails: …`, `variable: path.in.answer`. */
export const examples: readonly Example[] = README.split('```graphql\n')
  .slice(1)
  .map((after, i) => {
    const before = README.split('```graphql\n')[i] ?? '';
    const document = after.slice(0, after.indexOf('```'));
    const hints = new Map(
      (/<!-{2} (.*) -->\n$/.exec(before)?.[1] ?? '')
        .split(', ')
        .filter(hint => hint !== '')
        .map(hint => hint.split(': ') as [string, string]),
    );
    const { needs, fails, ...kept } = Object.fromEntries(hints);
    return {
      name: /(?:query|mutation|subscription) (\w+)/.exec(document)?.[1] ?? document,
      document,
      prose:
        before
          .replace(/<!-{2} .* -->\n$/, '')
          .trimEnd()
          .split('\n\n')
          .at(-1) ?? '',
      needs,
      fails,
      keeps: Object.entries(kept),
    };
  });

/** Every line of its shell blocks, without the comments. */
export const shellLines: readonly string[] = [...README.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = '']) => block.replaceAll('\\\n', '').split('\n'))
  .map(line => line.replace(/\s+#.*$/, '').trim())
  .filter(line => line !== '');

/** The sentence that holds a text. */
export const sentenceWith = (text: string): string =>
  README.replaceAll(/\s+/g, ' ')
    .split(/(?<=[.:])\s/)
    .find(sentence => sentence.includes(text)) ?? '';

/** `1,330` → 1330: all whole numbers of a text in their order. */
export const numbersIn = (text: string): number[] =>
  [...text.matchAll(/\b\d{1,3}(?:,\d{3})+\b|\b\d+\b/g)].map(([number]) => Number(number.replaceAll(',', '')));
