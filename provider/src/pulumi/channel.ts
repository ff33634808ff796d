import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Longest wait for an answer, in milliseconds. */
const ANSWER_LIMIT = 60_000;

/**
 * Where providers of one run of the engine listen, each on a socket of its own. Pulumi gives the program no other way to tell them
 * something that is true of the whole program and of no resource. Only this user may enter the folder.
 */
function folderOf(engine: string): string {
  const name = createHash("sha256").update(engine).digest("hex").slice(0, 16);
  return path.join(tmpdir(), `clickhouse-schema-${name}`);
}

/** Listens for requests, one a connection; does not keep the process alive. No reason to fail when it cannot. */
export function listen(engine: string, handle: (request: unknown) => Promise<void>): void {
  const folder = folderOf(engine);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOwn(folder)) return;
  } catch {
    return;
  }
  const socket = path.join(folder, `${process.pid}.sock`);
  rmSync(socket, { force: true });
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = "";
    connection.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    connection.on("error", () => connection.destroy());
    connection.on("end", () => {
      void answer(text, handle).finally(() => connection.end("done"));
    });
  });
  server.on("error", () => undefined);
  server.listen(socket).unref();
  process.once("exit", () => {
    rmSync(socket, { force: true });
    try {
      if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another provider of this run was quicker.
    }
  });
}

async function answer(text: string, handle: (request: unknown) => Promise<void>): Promise<void> {
  try {
    await handle(JSON.parse(text));
  } catch {
    // What could not be looked at is not said; the removal itself looks again.
  }
}

/** Tells every provider of this run, and waits until they have done with it. */
export async function tellProviders(engine: string, request: unknown): Promise<void> {
  const folder = folderOf(engine);
  let sockets: string[] = [];
  try {
    if (isOwn(folder)) sockets = readdirSync(folder).filter((name) => name.endsWith(".sock"));
  } catch {
    return;
  }
  await Promise.all(sockets.map((name) => tell(path.join(folder, name), JSON.stringify(request))));
}

function tell(socket: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => connection.end(text));
    connection.setTimeout(ANSWER_LIMIT, () => connection.destroy());
    connection.on("error", () => undefined);
    connection.on("close", () => resolve());
    connection.resume();
  });
}

function isOwn(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
}
