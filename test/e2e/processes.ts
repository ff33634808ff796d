import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Started } from "../support/pulumi";
import { sleep } from "../support/server";

/**
 * Kills a CLI, which can tell nobody; its provider must notice by itself and leave.
 *
 * @param dir folder of its project. Pulumi writes its state in place, and killed in the middle of that it leaves half a file, which
 *   only Pulumi's own backup fixes: so it is killed between two writes.
 * @param patience milliseconds that its provider may take to leave.
 */
export async function killCli(up: Started, dir: string, patience = 8000): Promise<void> {
  const children = descendantsOf(up.pid);
  // At its start it has none yet, and at its end none any more.
  const provider = children.find(isProvider);
  const state = path.join(dir, ".backend/.pulumi/stacks/e2e/test.json");
  await until(() => {
    process.kill(up.pid, "SIGSTOP");
    if ([state, `${state}.attrs`].every((file) => isJson(read(file)))) return true;
    process.kill(up.pid, "SIGCONT");
    return false;
  });
  process.kill(up.pid, "SIGKILL");
  await up.ended;
  const deadline = Date.now() + patience;
  const stays = (): boolean => provider !== undefined && isProvider(provider);
  while (stays() && Date.now() < deadline) await sleep(100);
  const stayed = stays();
  // Pulumi's own language host outlives its CLI.
  for (const child of children) if (/pulumi/.test(commandLine(child))) process.kill(child, "SIGKILL");
  assert.ok(!stayed, "the provider outlives its engine, and with it what it holds open");
}

/** Waits for something to come about, for a minute. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, "it did not come about");
    await sleep(5);
  }
}

/** The process id of the dynamic provider that a CLI has started. */
export function providerOf(cli: number): number {
  const found = descendantsOf(cli).find(isProvider);
  assert.ok(found !== undefined, "no provider is running");
  return found;
}

function descendantsOf(ancestor: number): number[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map(processes.map((pid) => [Number(pid), parentOf(Number(pid))]));
  const descends = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || descends(parent));
  };
  return [...parents.keys()].filter(descends);
}

function parentOf(pid: number): number | undefined {
  const found = /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`));
  return found === null ? undefined : Number(found[1]);
}

/** Its launcher is a shell with the same words among its arguments. */
function isProvider(pid: number): boolean {
  return /^(?:\S*\/)?node .*cmd\/dynamic-provider/.test(commandLine(pid));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
