/** Text with cells in it: `{manager}'s team`. Two braces write one. */
import type { Row } from './row.ts';

export type Template = {
  readonly columns: readonly string[];
  /** Nothing when one of its cells is empty. */
  readonly render: (row: Row) => string | undefined;
};

export function parseTemplate(text: string): Template | { readonly wrong: string } {
  const parts: { readonly text: string; readonly isColumn: boolean }[] = [];
  for (const [part] of text.matchAll(/\{\{|\}\}|\{[^{}]+\}|[^{}]+|[{}]/g)) {
    if (part === '{' || part === '}')
      return { wrong: 'a brace stands alone; write {column}, or {{ and }} for the braces themselves' };
    const isColumn = part.length > 2 && part.startsWith('{');
    const literal = part === '{{' ? '{' : part === '}}' ? '}' : part;
    parts.push({ text: isColumn ? part.slice(1, -1) : literal, isColumn });
  }
  const columns = parts.filter(part => part.isColumn).map(part => part.text);
  return {
    columns,
    render: row => {
      let rendered = '';
      for (const part of parts) {
        const cell = part.isColumn ? row.read(part.text) : part.text;
        if (cell === '') return undefined;
        rendered += cell;
      }
      return rendered;
    },
  };
}
