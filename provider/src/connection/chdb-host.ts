/**
 * The child process around the embedded engine: the engine allows one data directory per process, and a native crash
 * must not take the provider down. Started by chdb-process.ts; speaks chdb-protocol.ts; ends with its parent.
 */
import { rmSync } from "node:fs";
import type { Session } from "chdb";
import { GREETING } from "../clickhouse/capabilities";
import type { HostReply, HostRequest, OpenRequest } from "./chdb-protocol";
import { SessionPool } from "./chdb-sessions";
import type { QueryParams } from "./connection";

/** Longest wait for running statements at shutdown, in milliseconds; then the process is killed, which loses no data. */
const DRAIN_LIMIT = 2000;

type Chdb = typeof import("chdb");

let chdb: Chdb | undefined;
let pool: SessionPool | undefined;
let temporary: string | undefined;
let ending = false;

// Ctrl-C reaches the whole process group. The parent decides when to stop; it may still have steps to record.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => void end());
process.on("message", (request: HostRequest) => void answer(request));

async function answer(request: HostRequest): Promise<void> {
  if (request.kind === "close") return end();
  try {
    if (request.kind === "open") {
      const failure = load(request.id);
      if (failure !== undefined) return reply(failure);
      open(request.open);
      reply({ id: request.id, kind: "done", text: await run(GREETING) });
    } else {
      reply({ id: request.id, kind: "done", text: await run(request.sql, request.params) });
    }
  } catch (error) {
    const code = (error as { clickhouseCode?: unknown }).clickhouseCode;
    reply({ id: request.id, kind: "refused", raw: textOf(error), code: typeof code === "number" ? code : 0 });
  }
}

/** Loads the engine, from the user's project, which need not be where this file is. */
function load(id: number): HostReply | undefined {
  let entry: string;
  try {
    entry = require.resolve("chdb", { paths: [__dirname, process.cwd()] });
  } catch (error) {
    return { id, kind: "not-loaded", missing: true, raw: textOf(error) };
  }
  try {
    chdb = require(entry) as Chdb;
    return undefined;
  } catch (error) {
    return { id, kind: "not-loaded", missing: false, raw: textOf(error) };
  }
}

function open(request: OpenRequest): void {
  if (request.temporary) temporary = request.path;
  const { Session } = chdb as Chdb;
  const newSession = (): Session => new Session(request.path);
  pool = new SessionPool(newSession, request.sessions, request.setup);
}

function run(sql: string, params?: QueryParams): Promise<string> {
  if (pool === undefined) throw new Error("no data directory is open");
  return pool.run(sql, params);
}

/** Closes the engine cleanly if that is quick, removes a temporary directory, and exits. */
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  pool?.close();
  const drained = chdb?.drainPending().then(() => true) ?? Promise.resolve(true);
  const clean = await Promise.race([drained, later(DRAIN_LIMIT).then(() => false)]);
  if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  // exit() while a native thread works would wait for it, or crash.
  if (clean) process.exit(0);
  process.kill(process.pid, "SIGKILL");
}

function reply(message: HostReply): void {
  // The parent may die at any time; "disconnect" then ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
