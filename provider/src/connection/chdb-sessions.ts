import type { Session } from "chdb";
import type { QueryParams } from "./connection";
import { escaped, parameterName, parameterText } from "./params";

/** A session, and the parameters that earlier statements left in it. */
interface Slot {
  session: Session;
  readonly leftover: Set<string>;
  ready: boolean;
}

/** A few sessions on one directory, so that a long statement does not block the others. Each session is serial. */
export class SessionPool {
  private readonly newSession: () => Session;
  private readonly setup: readonly string[];
  private readonly slots: readonly Slot[];
  private readonly idle: Slot[];
  private readonly waiting: ((slot: Slot) => void)[] = [];

  constructor(newSession: () => Session, size: number, setup: readonly string[]) {
    this.newSession = newSession;
    this.setup = setup;
    this.slots = Array.from({ length: size }, () => ({ session: newSession(), leftover: new Set(), ready: false }));
    this.idle = [...this.slots];
  }

  /** Runs one statement in the next free session. @returns its rows as JSONEachRow. */
  async run(sql: string, params: QueryParams = {}): Promise<string> {
    const slot = this.idle.shift() ?? (await new Promise<Slot>((resolve) => this.waiting.push(resolve)));
    try {
      await this.prepare(slot, sql, params);
      return (await slot.session.queryAsync(sql, { format: "JSONEachRow" })).text();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(slot);
      else next(slot);
    }
  }

  /** Closes all sessions; busy ones close when their statement ends. */
  close(): void {
    for (const slot of this.slots) slot.session.close();
  }

  /**
   * Sets the parameters. The package's own binding runs one statement at a time in the whole process, so a backfill would
   * block all others; `SET param_x` does the same per session, but cannot be undone. A session that still holds a
   * parameter which this statement names but is not given is replaced: the engine must report it missing (456).
   */
  private async prepare(slot: Slot, sql: string, params: QueryParams): Promise<void> {
    const stale = [...slot.leftover].some((name) => !Object.hasOwn(params, name) && sql.includes(`{${name}:`));
    if (stale) {
      slot.session.close();
      slot.session = this.newSession();
      slot.leftover.clear();
      slot.ready = false;
    }
    if (!slot.ready) for (const statement of this.setup) await slot.session.queryAsync(statement);
    slot.ready = true;

    const entries = Object.entries(params);
    if (entries.length === 0) return;
    for (const [name] of entries) slot.leftover.add(name);
    const assignments = entries.map(([name, value]) => assignment(sql, name, value));
    await slot.session.queryAsync(`SET ${assignments.join(", ")}`);
  }
}

function assignment(sql: string, name: string, value: QueryParams[string]): string {
  return `${parameterName(name)} = '${escaped(parameterText(sql, name, value))}'`;
}
