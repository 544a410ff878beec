/** Everything that the domain declares, found in its folder: aggregates, event types and commands by name. */
import type { Aggregate } from '../domain/kernel/aggregate.ts';
import type { CommandDeclaration } from '../domain/kernel/command.ts';
import type { EventType } from '../domain/kernel/events.ts';
import { findExports, isKind } from '../modules.ts';

export type Command = {
  readonly name: string;
  readonly aggregate: Aggregate;
  readonly declaration: CommandDeclaration<unknown>;
};

export type Catalog = {
  /** By category. */
  readonly aggregates: ReadonlyMap<string, Aggregate>;
  readonly eventTypes: ReadonlyMap<string, EventType>;
  readonly commands: ReadonlyMap<string, Command>;
};

/** Loads the domain's declarations; two with one name are a programming error. */
export async function loadCatalog(): Promise<Catalog> {
  return catalogOf(
    await findExports(new URL('../domain/', import.meta.url), isKind<Aggregate>('aggregate'), 'deep'),
  );
}

/** The catalogue of given aggregates. */
export function catalogOf(aggregates: readonly Aggregate[]): Catalog {
  const commands = aggregates.flatMap(aggregate =>
    Object.entries(aggregate.commands).map(([name, declaration]): [string, Command] => [
      name,
      { name, aggregate, declaration },
    ]),
  );
  return {
    aggregates: uniqueMap(aggregates.map(aggregate => [aggregate.category, aggregate])),
    eventTypes: uniqueMap(aggregates.flatMap(aggregate => [...aggregate.eventTypes])),
    commands: uniqueMap(commands),
  };
}

function uniqueMap<V>(entries: readonly (readonly [string, V])[]): ReadonlyMap<string, V> {
  const map = new Map(entries);
  if (map.size < entries.length) {
    const names = entries.map(([name]) => name);
    throw new Error(`declared twice: ${names.find((name, i) => names.indexOf(name) !== i)}`);
  }
  return map;
}
