import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { cacheFolder } from "../../provider/src/server/cache";
import type { PulumiCli } from "./index";
import { findOnPath, isExecutable, type Log, run, secondsSince, tail } from "./process";
import { versionOf } from "./version";

const CLI_VERSION = "3.259.0";
/** The language host is a separate Go module; this is the newest version that the Go proxies serve. */
const HOST_VERSION = "3.68.0";
const CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const HOST_PACKAGE = "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs";
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
/** Starts dynamic providers; a shell script of the SDK. */
const DYNAMIC = "pulumi-resource-pulumi-nodejs";
const FILES = ["pulumi", "pulumi-language-nodejs", DYNAMIC];
const TEMPORARY = ".building-";

/** The CLI that an earlier run built, if it is complete. */
export async function built(env: NodeJS.ProcessEnv, log: Log): Promise<PulumiCli | undefined> {
  const folder = targetFolder(env);
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return undefined;
  if (await isWhole(folder, env)) return { path: folder, version: CLI_VERSION, source: "built" };
  log(`passing over ${folder}: it is damaged`);
  return undefined;
}

/** Builds the CLI and the language host from their Go modules, into the cache. */
export async function build(env: NodeJS.ProcessEnv, log: Log): Promise<PulumiCli> {
  const go = findOnPath("go", env);
  if (go === undefined) throw noCli("there is no usable one here, and no Go to build it with");
  const target = targetFolder(env);
  const root = path.dirname(target);
  mkdirSync(root, { recursive: true });
  removeAbandoned(root);
  // A sibling of the target, so that the rename at the end stays within one file system.
  const temporary = mkdtempSync(path.join(root, TEMPORARY));
  const interrupt = catchInterrupt();
  try {
    const bin = path.join(temporary, "bin");
    await compile({ go, env, log, temporary, bin, abort: interrupt.abort });
    await publish(bin, target, env);
  } finally {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
    interrupt.release();
  }
  return { path: target, version: CLI_VERSION, source: "built" };
}

interface Workshop {
  go: string;
  env: NodeJS.ProcessEnv;
  log: Log;
  temporary: string;
  bin: string;
  abort: AbortSignal;
}

async function compile(shop: Workshop): Promise<void> {
  const { log, bin } = shop;
  const started = Date.now();
  const step = async (what: string, args: readonly string[], cwd: string) => {
    log(`${what} … ${secondsSince(started)} s`);
    const { code, output } = await run(shop.go, args, {
      cwd,
      // Only the modules below are meant, even under a go.work of the user's.
      env: { ...shop.env, GOWORK: "off" },
      abort: shop.abort,
      heartbeat: () => log(`${what} … ${secondsSince(started)} s (about 4 minutes, once)`),
    });
    if (code !== 0) throw noCli(`${what} failed`, `go ${args.join(" ")}`, output);
  };
  const program = async (name: string, source: string, version: string, flags: readonly string[]) => {
    const cwd = path.join(shop.temporary, name);
    mkdirSync(cwd);
    writeFileSync(path.join(cwd, "go.mod"), "module x\n\ngo 1.25\n");
    await step(`fetching ${name} ${version}`, ["get", `${source}@v${version}`], cwd);
    await step(`building ${name} ${version}`, ["build", ...flags, "-o", path.join(bin, name), source], cwd);
  };
  log("building the Pulumi CLI with Go: about 4 minutes, once");
  mkdirSync(bin);
  await program("pulumi", CLI_PACKAGE, CLI_VERSION, ["-ldflags", `-s -w -X ${VERSION_VARIABLE}=v${CLI_VERSION}`]);
  await program("pulumi-language-nodejs", HOST_PACKAGE, HOST_VERSION, ["-ldflags", "-s -w"]);
  const sdk = path.dirname(require.resolve("@pulumi/pulumi/package.json"));
  copyFileSync(path.join(sdk, DYNAMIC), path.join(bin, DYNAMIC));
  chmodSync(path.join(bin, DYNAMIC), 0o755);
  if (!(await isWhole(bin, shop.env))) throw noCli("the CLI that Go built does not run");
  log(`pulumi ${CLI_VERSION} is ready after ${secondsSince(started)} s`);
}

/** Makes `bin` the cache entry, unless another process has put a complete one there in the meantime. */
async function publish(bin: string, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(bin, target);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (attempt === 3 || (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOTDIR")) throw error;
    }
    if (await isWhole(target, env)) return;
    // Moved, not deleted in place: nobody may see it half deleted, and it is removed with the temporary folder.
    renameSync(target, path.join(path.dirname(bin), `damaged-${attempt}`));
  }
}

async function isWhole(folder: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!FILES.every((file) => isExecutable(path.join(folder, file)))) return false;
  return (await versionOf(path.join(folder, "pulumi"), env)) === CLI_VERSION;
}

/** Removes what killed builds left behind; a recent folder may be a running build. */
function removeAbandoned(root: string): void {
  for (const name of readdirSync(root).filter((entry) => entry.startsWith(TEMPORARY))) {
    const folder = path.join(root, name);
    const changed = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - changed > 6 * 3600 * 1000) rmSync(folder, { recursive: true, force: true });
  }
}

/** Turns the first signal into an abort; `release` then ends the process as the signal would have. */
function catchInterrupt(): { abort: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  let received: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals) => {
    received = signal;
    controller.abort();
  };
  for (const signal of signals) process.once(signal, listener);
  const release = () => {
    for (const signal of signals) process.off(signal, listener);
    if (received !== undefined) process.exit(128 + os.constants.signals[received]);
  };
  return { abort: controller.signal, release };
}

function targetFolder(env: NodeJS.ProcessEnv): string {
  return cacheFolder(env, "pulumi-cli", `${CLI_VERSION}-${HOST_VERSION}`);
}

function noCli(reason: string, command = "", output = ""): Error {
  const lines = [
    `No Pulumi CLI: ${reason}.`,
    "Each of these gives you one; do one, and run this again:",
    "  - install Pulumi: https://www.pulumi.com/docs/install/",
    "  - npm install -g pulumi: a launcher, which downloads the CLI",
    "  - install Go 1.25 or newer: the CLI is then built here, once",
  ];
  if (command !== "") lines.push(`The last lines of \`${command}\`:`, tail(output));
  return new Error(lines.join("\n"));
}
