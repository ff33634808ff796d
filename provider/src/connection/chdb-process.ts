import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { HostReply, HostRequest, OpenRequest } from "./chdb-protocol";
import type { QueryParams } from "./connection";
import { ConnectionError } from "./errors";

/** Native threads of the child: for statements that run concurrently, and some for file access. */
const CHILD_THREADS = "8";
/** How much of the child's last output is kept for the message about its exit, in characters. */
const KEPT_OUTPUT = 4096;
/** How long the child may take to exit before it is killed, in milliseconds. */
const CLOSE_LIMIT = 5000;

interface Pending {
  resolve(reply: HostReply): void;
  reject(error: ConnectionError): void;
}

/** A request without the id that matches it to its answer. */
type Question =
  | { readonly kind: "open"; readonly open: OpenRequest }
  | { readonly kind: "run"; readonly sql: string; readonly params?: QueryParams };

/**
 * The child process with the embedded engine, seen from the parent. Keeps the parent's event loop alive only while
 * a request is open.
 */
export class ChdbProcess {
  readonly url: string;
  /** Settles when the child has exited and its output has been read. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private output = "";
  private end: ConnectionError | undefined;
  private closing = false;

  constructor(url: string) {
    this.url = url;
    this.child = fork(join(__dirname, "../../dist/connection/chdb-host.js"), [], {
      // A loader or debugger of the parent must not run in the child.
      execArgv: [],
      env: { ...process.env, UV_THREADPOOL_SIZE: CHILD_THREADS },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.output = (this.output + text).slice(-KEPT_OUTPUT);
    });
    this.child.on("message", (reply: HostReply) => this.settle(reply));
    this.child.on("error", (error) => this.finish(`cannot be started: ${error.message}`));
    this.ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        this.finish(signal === null ? `exited with code ${code}` : `was ended by ${signal}`);
        resolve();
      });
    });
    this.hold();
  }

  /** The engine's last output. */
  get lastOutput(): string {
    return this.output.trim();
  }

  /** The child's process id; -1 if it did not start. */
  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Whether it can take a request. */
  get alive(): boolean {
    return this.end === undefined && !this.closing;
  }

  /** Sends a request; several may be open. @throws {ConnectionError} when the child exits before it answers. */
  ask(question: Question): Promise<HostReply> {
    if (this.closing) return Promise.reject(new ConnectionError(`${this.url}: this connection is closed`, this.url));
    if (this.end !== undefined) return Promise.reject(this.end);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.hold();
      // A failed send means that the child is exiting; "close" then rejects with the reason.
      this.child.send({ id, ...question } as HostRequest, () => undefined);
    });
  }

  /** Ends the child and waits for it; open requests are rejected. */
  async close(): Promise<void> {
    if (!this.closing) {
      this.closing = true;
      this.rejectAll(new ConnectionError(`${this.url}: closed while a statement was running`, this.url));
      if (this.child.connected) this.child.send({ id: 0, kind: "close" } satisfies HostRequest, () => undefined);
    }
    if (this.end !== undefined) return;
    const killer = setTimeout(() => this.child.kill("SIGKILL"), CLOSE_LIMIT);
    this.child.ref();
    await this.ended;
    clearTimeout(killer);
  }

  private settle(reply: HostReply): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    this.hold();
    pending?.resolve(reply);
  }

  private finish(how: string): void {
    if (this.end !== undefined) return;
    const words = this.lastOutput === "" ? "" : ` Its last output: ${this.lastOutput.slice(-600)}`;
    this.end = new ConnectionError(
      `${this.url}: the embedded engine ${how}. What was committed is kept; run the same command again.${words}`,
      this.url,
    );
    this.rejectAll(this.end);
  }

  private rejectAll(error: ConnectionError): void {
    const all = [...this.pending.values()];
    this.pending.clear();
    for (const { reject } of all) reject(error);
    this.hold();
  }

  /** Lets the parent exit while no request is open, but not before an answer has arrived. */
  private hold(): void {
    const verb = this.pending.size > 0 ? "ref" : "unref";
    this.child[verb]();
    this.child.channel?.[verb]();
    // The pipe is a socket, which its type does not show.
    (this.child.stderr as { ref?(): void; unref?(): void } | null)?.[verb]?.();
  }
}
