import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { SchemaError } from "../errors";

/** What a {@link Member} runs. */
export interface MemberCommand {
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
  /** Whether it is ready for requests. */
  readonly answers: () => Promise<boolean>;
  /** Its log file, shown if it does not start. */
  readonly log?: string;
}

const START_LIMIT = 60_000;
const STOP_LIMIT = 10_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A server process that can be stopped cleanly, killed, frozen, and started again on its data. */
export class Member {
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private output = "";
  private readonly name: string;
  private readonly what: MemberCommand;

  constructor(name: string, what: MemberCommand) {
    this.name = name;
    this.what = what;
  }

  get up(): boolean {
    return this.child !== undefined;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it and waits until it answers; does nothing if it is running. */
  async start(): Promise<void> {
    if (this.child !== undefined) return;
    const child = this.launch();
    const deadline = Date.now() + START_LIMIT;
    while (!(await this.what.answers())) {
      if (this.child !== child || Date.now() > deadline) {
        await this.kill();
        throw new SchemaError(
          "server-not-started",
          `${this.name} did not start within ${START_LIMIT / 1000} s; it said: ${this.words()}`,
        );
      }
      await sleep(20);
    }
  }

  /** SIGTERM, and waits for its exit; SIGKILL if that takes longer than 10 s. */
  stop(): Promise<void> {
    return this.end("SIGTERM");
  }

  /** SIGKILL, and waits for its exit. */
  kill(): Promise<void> {
    return this.end("SIGKILL");
  }

  /** SIGSTOP: it keeps its connections, and does not answer. */
  freeze(): void {
    this.child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.child?.kill("SIGCONT");
  }

  private launch(): ChildProcess {
    const [file, ...args] = this.what.command;
    const child = spawn(file, args, { cwd: this.what.directory, stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    this.output = "";
    running.add(child);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.output = (this.output + text).slice(-4000);
    });
    this.ended = new Promise((resolve) => {
      const over = (): void => {
        running.delete(child);
        if (this.child === child) this.child = undefined;
        resolve();
      };
      child.once("close", over);
      child.once("error", (error) => {
        this.output += error.message;
        over();
      });
    });
    return child;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    child.kill(signal);
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT);
    await this.ended;
    clearTimeout(killer);
  }

  private words(): string {
    const { log } = this.what;
    const logged = log !== undefined && existsSync(log) ? readFileSync(log, "utf8").slice(-2000) : "";
    return `${this.output}\n${logged}`.trim();
  }
}

/** Different ports on which nothing listened a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new SchemaError("server-not-started", "no port is free");
    ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** @throws {SchemaError} if something listens on the port: it would be taken for the server being started. */
export async function refuseTaken(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new SchemaError(
          "server-not-started",
          `port ${port} of 127.0.0.1 cannot be listened on (${error.code}): take another one`,
        ),
      );
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}

/** Waits. @param milliseconds how long. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether a server answers `GET /ping`. */
export async function pings(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
