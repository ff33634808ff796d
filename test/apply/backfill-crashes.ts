/** A runner that dies again and again, each time followed by a fresh one. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/src/connection/connection";
import { Crash, dyingAt, GATE } from "./runs";

/** What became of it. */
export interface Crashed<Result> {
  readonly crashes: number;
  /** Heads of the statements it died before. */
  readonly diedAt: readonly string[];
  /** How long inserts were refused, each time, in milliseconds. */
  readonly gates: readonly number[];
  readonly result: Result;
}

/** Hooks for the operation. */
export interface CrashHooks {
  readonly beforeStatement: (sql: string) => void | Promise<void>;
  readonly gateLength: number;
  readonly onGate: (closed: boolean) => void;
}

/** Dies before its n-th statement, counted from 0; for operations of any kind. */
export function dying(count: number, onDeath?: (sql: string) => void): Omit<CrashHooks, "onGate"> {
  const { beforeStatement } = dyingAt(count, onDeath);
  return { gateLength: GATE, beforeStatement: (sql) => beforeStatement?.(sql) };
}

/**
 * Runs an operation to its end with up to four crashes at random statements.
 *
 * @param attempt begins the operation, or resumes it when `crashes` is above 0.
 * @param statements how many statements it has, about.
 * @param hide text that differs from run to run, left out of `diedAt`.
 */
export async function withCrashes<Result>(
  open: () => Promise<Connection>,
  attempt: (connection: Connection, hooks: CrashHooks, crashes: number) => Promise<Result>,
  chance: () => number,
  statements: number,
  hide: string,
): Promise<Crashed<Result>> {
  const [diedAt, gates]: [string[], number[]] = [[], []];
  let closedAt = 0;
  const onGate = (closed: boolean): void => {
    if (!closed && closedAt > 0) gates.push(Date.now() - closedAt);
    closedAt = closed ? Date.now() : 0;
  };
  let dieAt = Math.floor(chance() * statements);
  for (let crashes = 0; ; crashes += 1) {
    const connection = await open();
    const died: string[] = [];
    const hooks = { ...dying(dieAt, (sql) => died.push(sql.replaceAll(hide, "d"))), onGate };
    try {
      return { result: await attempt(connection, hooks, crashes), crashes, diedAt, gates };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      diedAt.push(died[0]?.slice(0, 100) ?? "");
      closedAt = 0;
      dieAt = crashes >= 3 ? Number.POSITIVE_INFINITY : Math.floor((chance() * statements * 2) / 3);
      // Sometimes long enough for a gate to open by itself, so that writers meet what was left half done.
      await sleep(chance() < 0.2 ? GATE : chance() * 30);
    } finally {
      await connection.close();
    }
  }
}
