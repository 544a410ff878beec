/** Enums by name: the same words mean the same type, whether a column or a command's input declares them. */
import type { InputRef, OutputRef } from '@pothos/core';
import type { Builder } from './builder.ts';

export type EnumRef = OutputRef<string> & InputRef<string>;

export type Enums = (name: string, values: readonly string[]) => EnumRef;

export function createEnums(builder: Builder): Enums {
  const known = new Map<string, { readonly words: string; readonly ref: EnumRef }>();
  return (name, values) => {
    const words = values.join();
    const found = known.get(name);
    if (found && found.words !== words)
      throw new Error(`${name} is declared twice: as ${found.words} and as ${words}`);
    if (found) return found.ref;
    const ref: EnumRef = builder.enumType(name, { values });
    known.set(name, { words, ref });
    return ref;
  };
}
