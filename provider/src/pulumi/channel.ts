import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Longest wait for an answer, in milliseconds. */
const ANSWER_LIMIT = 60_000;

/**
 * Where the providers of one engine run listen, each on its own socket. Pulumi gives the program no other way to tell them something
 * about the whole program rather than one resource. Only this user can access the folder.
 */
function folderOf(engine: string): string {
  const name = createHash("sha256").update(engine).digest("hex").slice(0, 16);
  return path.join(tmpdir(), `clickhouse-schema-${name}`);
}

/** The socket of a run's program. */
const PROGRAM = "program.sock";
/** Longest wait for the program, in milliseconds. */
const PROGRAM_LIMIT = 5000;

/** In a provider: handles the program's messages. */
export function listen(engine: string, handle: (request: unknown) => Promise<void>): void {
  serve(engine, `${process.pid}.sock`, (text) => answer(text, handle));
}

/** In the program: answers providers. */
export function listenAsProgram(engine: string, tell: () => Promise<unknown>): void {
  serve(engine, PROGRAM, async () => JSON.stringify(await tell()));
}

/** In a provider: the program's answer; undefined if it cannot be reached. */
export async function askProgram(engine: string): Promise<unknown> {
  const folder = folderOf(engine);
  try {
    if (!isOwn(folder)) return undefined;
    return JSON.parse(await exchange(path.join(folder, PROGRAM), "", PROGRAM_LIMIT));
  } catch {
    return undefined;
  }
}

/** Answers requests, one per connection, without keeping the process alive. Errors are ignored. */
function serve(engine: string, name: string, respond: (request: string) => Promise<string>): void {
  const folder = folderOf(engine);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOwn(folder)) return;
  } catch {
    return;
  }
  const socket = path.join(folder, name);
  rmSync(socket, { force: true });
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = "";
    connection.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    connection.on("error", () => connection.destroy());
    connection.on("end", () => {
      respond(text).then(
        (said) => connection.end(said),
        () => connection.end(),
      );
    });
  });
  server.on("error", () => undefined);
  server.listen(socket).unref();
  process.once("exit", () => {
    rmSync(socket, { force: true });
    try {
      if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another provider of this run was faster.
    }
  });
}

async function answer(text: string, handle: (request: unknown) => Promise<void>): Promise<string> {
  try {
    await handle(JSON.parse(text));
  } catch {
    // What could not be examined is not reported; the removal itself checks again.
  }
  return "done";
}

/** Sends a message to every provider of this run, and waits until they have handled it. */
export async function tellProviders(engine: string, request: unknown): Promise<void> {
  const folder = folderOf(engine);
  let sockets: string[] = [];
  try {
    if (isOwn(folder)) sockets = readdirSync(folder).filter((name) => name.endsWith(".sock") && name !== PROGRAM);
  } catch {
    return;
  }
  await Promise.all(sockets.map((name) => exchange(path.join(folder, name), JSON.stringify(request), ANSWER_LIMIT)));
}

/** The answer, or the part of it that arrived before the other side disconnected. */
function exchange(socket: string, text: string, limit: number): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    const connection = connect(socket, () => connection.end(text));
    connection.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    connection.setTimeout(limit, () => connection.destroy());
    connection.on("error", () => undefined);
    connection.on("close", () => resolve(said));
  });
}

function isOwn(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
}
