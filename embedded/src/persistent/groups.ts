/**
 * All groups of a node: made, changed and deleted one at a time, each change durable before it is answered.
 * They are there again after a restart, with their checkpoints and parked events.
 */
import type { Engine } from '../engine.ts';
import type { Call } from '../transport.ts';
import { type Configured, loadConfig, saveConfig } from './config.ts';
import type { ConnectionOptions } from './connection.ts';
import { ALL, type Definition, findFault, type GroupName, LIVE } from './definition.ts';
import { doesNotExist, dropped, exists, failed } from './errors.ts';
import type { GroupInfo } from './responses.ts';
import { type Answers, type RunningGroup, runGroup } from './running.ts';
import { openSource } from './source.ts';
import { checkpointStream, parkedStream, remove } from './systemStreams.ts';

export type Groups = ReturnType<typeof openGroups>;

/** How often time-outs and checkpoints are looked at; the server does it once a second. */
const TICK_MS = 200;

export function openGroups(engine: Engine) {
  /** By stream, then by name. A stream that has had a group since the start stays. */
  let streams = new Map<string, Map<string, RunningGroup>>();
  let turn: Promise<unknown> = Promise.resolve();

  /** Changes wait for each other, and whoever asks for a group waits for them. */
  function inTurn<Result>(task: () => Result | Promise<Result>): Promise<Result> {
    const result = turn.then(task);
    turn = result.catch(() => undefined);
    return result;
  }

  const running = (): RunningGroup[] => [...streams.values()].flatMap(groups => [...groups.values()]);
  const find = ({ stream, group }: GroupName): RunningGroup | undefined => streams.get(stream)?.get(group);

  function get(name: GroupName): RunningGroup {
    const found = find(name);
    if (!found) throw doesNotExist(name);
    return found;
  }

  function start(configured: Configured): void {
    const { stream, group } = configured;
    const groups = streams.get(stream) ?? new Map<string, RunningGroup>();
    streams.set(stream, groups);
    groups.set(group, runGroup(engine, configured));
  }

  function load(): void {
    streams = new Map();
    for (const configured of loadConfig(engine)) {
      // What isn't a group by today's rules is left out, as on the server.
      if (findFault(configured, engine.lastPosition()) === undefined) start(configured);
    }
  }

  const save = (groups: readonly Configured[]): Promise<void> => saveConfig(engine, groups, new Date());
  const others = (group: RunningGroup): Configured[] =>
    running()
      .filter(other => other !== group)
      .map(({ configured }) => configured);

  /** Throws a {@link Refusal} when there can't be such a group. */
  function check(definition: Definition): void {
    const fault = findFault(definition, engine.lastPosition());
    if (fault !== undefined) throw failed(definition, fault);
  }

  /** The position after which a group begins. Throws for a filter that can't be used. */
  function beginning(definition: Definition): number {
    const { commit } = definition.startFrom;
    const source = openSource(engine, definition);
    return commit === LIVE.commit ? source.end() : commit - 1;
  }

  /** Stops a group for a change; when that fails, the group goes on as it was. */
  async function exchange(group: RunningGroup, change: () => Promise<void>): Promise<void> {
    const { configured } = group;
    await group.stop(dropped(configured).status);
    try {
      await change();
    } catch (error) {
      start(configured);
      throw error;
    }
  }

  load();
  const ticking = setInterval(() => {
    for (const group of running()) group.tick();
  }, TICK_MS);
  ticking.unref();

  return {
    create: (definition: Definition): Promise<void> =>
      inTurn(async () => {
        check(definition);
        if (find(definition)) throw exists(definition);
        const configured = { ...definition, startedAt: beginning(definition) };
        await save([...running().map(group => group.configured), configured]);
        start(configured);
      }),

    /** A group of `$all` keeps its filter. Who is subscribed is dropped. */
    update: (update: Definition): Promise<void> =>
      inTurn(async () => {
        const group = get(update);
        check(update);
        const before = group.configured;
        const definition = { ...update, filter: before.filter };
        const wasLive = before.startFrom.commit === LIVE.commit && update.startFrom.commit === LIVE.commit;
        const startedAt = wasLive ? before.startedAt : beginning(definition);
        await exchange(group, async () => {
          const configured = { ...definition, startedAt };
          await save([...others(group), configured]);
          start(configured);
        });
      }),

    delete: (name: GroupName): Promise<void> =>
      inTurn(async () => {
        const group = get(name);
        await exchange(group, async () => {
          const removed = [checkpointStream(name), parkedStream(name)].map(stream => remove(engine, stream));
          await Promise.all([...removed, save(others(group))]);
          streams.get(name.stream)?.delete(name.group);
        });
      }),

    /** Drops everyone, and begins again from what is on the disk. */
    restart: (): Promise<void> =>
      inTurn(async () => {
        await Promise.all(running().map(group => group.stop(dropped(group.configured).status)));
        load();
      }),

    join: (name: GroupName, call: Call, options: ConnectionOptions): Promise<Answers | undefined> =>
      inTurn(() => get(name).join(call, options)),

    replay: (name: GroupName, stopAt: number | undefined): Promise<void> =>
      inTurn(() => {
        if (stopAt !== undefined && stopAt < 0) {
          throw failed(name, 'Cannot stop replaying parked message at a negative version.');
        }
        get(name).replay(stopAt);
      }),

    info: (name: GroupName): Promise<GroupInfo> => inTurn(() => get(name).info()),

    /** Of one stream (or `$all`), or all. */
    list: (stream: string | undefined): Promise<GroupInfo[]> =>
      inTurn(() => {
        const groups = stream === undefined ? running() : streams.get(stream)?.values();
        if (!groups) throw doesNotExist({ stream: stream ?? ALL, group: '' });
        return [...groups].map(group => group.info());
      }),

    /** Stops reading and writing, for good. */
    close(): void {
      clearInterval(ticking);
      for (const group of running()) void group.stop(dropped(group.configured).status);
    },
  };
}
