import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

export type Log = (line: string) => void;

export interface Result {
  /** 127 when it could not be started, 128 + n after signal n. */
  code: number;
  stdout: string;
  /** stdout and stderr together. */
  output: string;
}

export interface RunOptions {
  cwd?: string;
  env: NodeJS.ProcessEnv;
  /** Default: an hour. */
  timeoutSeconds?: number;
  /** Called every 15 s with the elapsed seconds. */
  heartbeat?: (seconds: number) => void;
  abort?: AbortSignal;
}

/** Runs a command with its output captured; never rejects. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Result> {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.abort === undefined ? {} : { signal: options.abort }),
      // Unlike SIGTERM, SIGINT lets Go remove its own temporary folder.
      killSignal: "SIGINT",
    });
    const { timeoutSeconds = 3600 } = options;
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      // Its own children may keep them open, and so prolong the wait.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutSeconds * 1000);
    const beat = setInterval(() => options.heartbeat?.(secondsSince(started)), 15_000);
    let stdout = "";
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const finish = (code: number) => {
      clearInterval(beat);
      clearTimeout(limit);
      resolve({ code, stdout, output });
    };
    child.on("error", (error) => {
      output += `${error.message}\n`;
      // An aborted process still has to end.
      if (child.pid === undefined) finish(127);
    });
    child.on("close", (code, signal) => {
      if (signal !== null) output += `ended by ${signal} after ${secondsSince(started)} s\n`;
      finish(code ?? 128);
    });
  });
}

export function secondsSince(started: number): number {
  return Math.round((Date.now() - started) / 1000);
}

/** The last lines of an output, indented. */
export function tail(output: string, lines = 12): string {
  return output
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => `  ${line}`)
    .join("\n");
}

/** The first executable file of that name on the PATH of `env`. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env["PATH"] ?? "")
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    const stat = statSync(file);
    return stat.isFile() && stat.size > 0;
  } catch {
    return false;
  }
}
