/** Runs programs as Pulumi's engine does, in this process: by dependencies, some at the same time, removals last. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type Declaration, Refused, TestProvider, urnOf } from "../support/provider";
import { startDyingProxy } from "./dying-proxy";

type Bag = Record<string, unknown>;

/** A resource, and those of the same database that it names. */
export interface Resource extends Declaration {
  readonly after: readonly string[];
}

interface Stored {
  readonly inputs: Bag;
  readonly outs: Bag;
  readonly kind: Declaration["kind"];
}

export interface RunOptions {
  /** Resources at the same time. Default: all that are ready. */
  readonly parallel?: number;
  /** From 0 to 1: for the order. */
  readonly chance: () => number;
  /** The run dies when it sends this statement that changes something, counted from 0. */
  readonly diesAt?: number;
  /** Whether that statement still reaches the server. */
  readonly reaches?: boolean;
}

/** The state of a stack, in one database. */
export class Stack {
  private readonly state = new Map<string, Stored>();
  readonly database: string;
  readonly connection: Connection;
  private readonly url: string;

  private constructor(database: string, url: string, connection: Connection) {
    this.database = database;
    this.url = url;
    this.connection = connection;
  }

  static async open(url: string, database: string): Promise<Stack> {
    return new Stack(database, url, await openConnection({ url }));
  }

  /** What a preview shows, by resource. @throws {Refused} with all refusals. */
  async preview(program: readonly Resource[]): Promise<Map<string, string>> {
    const provider = new TestProvider({ "clickhouse:url": this.url }, this.told(program));
    const shown = new Map<string, string>();
    try {
      for (const one of ordered(program, () => 0)) {
        const inputs = await this.check(provider, one);
        shown.set(one.name, String(inputs["plan"] ?? ""));
      }
    } finally {
      await provider.close();
    }
    return shown;
  }

  /** @returns how many statements that change something were sent. @throws {Refused}, or what an update throws. */
  async up(program: readonly Resource[], options: RunOptions): Promise<number> {
    const proxy = await startDyingProxy(this.url, options.diesAt, options.reaches);
    const provider = new TestProvider({ "clickhouse:url": proxy.url }, this.told(program));
    const run = async (): Promise<void> => {
      await this.rounds(provider, program, options, () => proxy.isDead);
      await this.remove(provider, program, () => proxy.isDead);
    };
    try {
      await Promise.race([run(), proxy.death]);
    } finally {
      await provider.close();
      await proxy.close();
    }
    return proxy.statements;
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private told(program: readonly Resource[]) {
    const names = new Set(program.map(({ name }) => name));
    const leaving = [...this.state.keys()].filter((name) => !names.has(name));
    return [...program, ...leaving.map((name) => ({ leaves: true as const, database: this.database, name }))];
  }

  private async rounds(
    provider: TestProvider,
    program: readonly Resource[],
    { chance, parallel = Number.POSITIVE_INFINITY }: RunOptions,
    isDead: () => boolean,
  ): Promise<void> {
    const left = ordered(program, chance);
    const done = new Set<string>();
    const running = new Map<string, Promise<void>>();
    const failures: unknown[] = [];
    while ((left.length > 0 && failures.length === 0) || running.size > 0) {
      const ready = left.filter(({ after }) => after.every((name) => done.has(name)));
      for (const one of failures.length > 0 ? [] : ready.slice(0, Math.max(0, parallel - running.size))) {
        left.splice(left.indexOf(one), 1);
        // One may be looked at while another changes something.
        const delay = parallel === 1 ? 0 : chance() * 400;
        const work = sleep(delay)
          .then(() => this.apply(provider, one, isDead))
          .then(
            () => void done.add(one.name),
            (error: unknown) => void failures.push(error),
          );
        running.set(
          one.name,
          work.finally(() => running.delete(one.name)),
        );
      }
      if (running.size === 0) break;
      await Promise.race(running.values());
    }
    if (failures.length > 0) throw failures[0];
  }

  private async apply(provider: TestProvider, one: Resource, isDead: () => boolean): Promise<void> {
    const inputs = await this.check(provider, one);
    const stored = this.state.get(one.name);
    const of = provider.of(one.kind);
    const set = (outs: Bag): void => {
      if (!isDead()) this.state.set(one.name, { inputs, outs, kind: one.kind });
    };
    if (stored === undefined) return set(((await of.create(inputs)).outs ?? {}) as Bag);
    const { changes } = await of.diff("id", stored.inputs, inputs);
    if (changes === false) return;
    try {
      set(((await of.update("id", stored.outs, inputs)).outs ?? {}) as Bag);
    } catch (error) {
      const { properties } = error as { properties?: Bag };
      if (properties !== undefined) set(properties);
      throw error;
    }
  }

  private async check(provider: TestProvider, { after, args, kind, name }: Resource): Promise<Bag> {
    const { database } = this;
    const olds = this.state.get(name)?.inputs ?? {};
    const dependsOn = after.map((other) => urnOf("table", other, database));
    const { inputs = {}, failures } = await provider.check(kind, { name, database, args, olds, dependsOn });
    if (failures.length > 0) throw new Refused(failures.join("\n"));
    return inputs;
  }

  private async remove(provider: TestProvider, program: readonly Resource[], isDead: () => boolean): Promise<void> {
    const names = new Set(program.map(({ name }) => name));
    for (const [name, { kind, outs }] of [...this.state].reverse()) {
      if (names.has(name)) continue;
      await provider.of(kind).delete("id", outs);
      if (!isDead()) this.state.delete(name);
    }
  }
}

/** By dependencies, otherwise in any order. */
function ordered(program: readonly Resource[], chance: () => number): Resource[] {
  const left = program.map((one) => ({ one, at: chance() })).sort((a, b) => a.at - b.at);
  const done: Resource[] = [];
  while (left.length > 0) {
    const index = left.findIndex(({ one }) => one.after.every((name) => done.some((other) => other.name === name)));
    const [next] = left.splice(Math.max(index, 0), 1);
    if (next !== undefined) done.push(next.one);
  }
  return done;
}
