import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { launcher } from "./launcher";

const temporary = new Set<string>();
process.on("exit", () => {
  for (const directory of temporary) rmSync(directory, { recursive: true, force: true });
});

/**
 * Creates a directory that is removed when this process ends, also by SIGKILL: in memory if possible, since fsync is the slowest part of a
 * test.
 */
export function temporaryDirectory(prefix: string): string {
  const directory = mkdtempSync(path.join(temporaryBase(), prefix));
  temporary.add(directory);
  sweeper ??= startSweeper();
  sweeper.stdin?.write(`${directory}\n`);
  return directory;
}

export function removeTemporary(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  temporary.delete(directory);
}

/** Where temporary directories are created. */
export function temporaryBase(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

let sweeper: ChildProcess | undefined;

/** It outlives this process by a moment, hence a group of its own, which no Ctrl-C reaches. */
function startSweeper(): ChildProcess {
  const [file, ...args] = launcher("sweep.py");
  const child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // Without Python nothing is started either, and that error is the one to show.
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}
