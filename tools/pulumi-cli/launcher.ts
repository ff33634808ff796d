import os from "node:os";
import path from "node:path";
import type { PulumiCli } from "./index";
import { launcherVersion } from "./installed";
import { findOnPath, type Log, run, tail } from "./process";
import { isRecent, versionOf } from "./version";

/** Version of the npm package `pulumi`, which downloads the official CLI of the same version. */
const VERSION = "3.265.0";
const DOWNLOAD_HOST = "https://get.pulumi.com/install.sh";
const DOWNLOAD_SECONDS = 600;

/** The CLI that the launcher (or Pulumi's Automation API) downloaded earlier. */
export async function downloaded(env: NodeJS.ProcessEnv): Promise<PulumiCli | undefined> {
  const version = launcher(env)?.version ?? VERSION;
  const folder = path.join(pulumiHome(env), "versions", version, "bin");
  const answered = await versionOf(path.join(folder, "pulumi"), env);
  return answered === undefined ? undefined : { path: folder, version: answered, source: "npm" };
}

/** Lets the launcher download the CLI, if the download host can be reached. */
export async function download(
  env: NodeJS.ProcessEnv,
  log: Log,
  reachable: () => Promise<boolean> = hostAnswers,
): Promise<PulumiCli | undefined> {
  const found = launcher(env);
  if (found === undefined) return undefined;
  if (!(await reachable())) {
    log("the official download of the Pulumi CLI cannot be reached from here");
    return undefined;
  }
  const what = `downloading pulumi ${found.version}`;
  log(`${what} …`);
  const { code, output } = await run(found.command, [...found.args, "version"], {
    env: { ...env, PULUMI_VERSION: found.version, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutSeconds: DOWNLOAD_SECONDS,
    heartbeat: (seconds) => log(`${what} … ${seconds} s`),
  });
  const cli = code === 0 ? await downloaded(env) : undefined;
  if (cli === undefined) log(`the download of pulumi ${found.version} failed:\n${tail(output, 4)}`);
  return cli;
}

interface Launcher {
  version: string;
  command: string;
  args: readonly string[];
}

/** The user's own launcher if there is a recent one on PATH, else ours through npx. */
function launcher(env: NodeJS.ProcessEnv): Launcher | undefined {
  const own = findOnPath("pulumi", env);
  const version = own === undefined ? undefined : launcherVersion(own);
  if (own !== undefined && version !== undefined && isRecent(version)) return { version, command: own, args: [] };
  const npx = findOnPath("npx", env);
  return npx === undefined ? undefined : { version: VERSION, command: npx, args: ["--yes", `pulumi@${VERSION}`] };
}

/** The launcher fetches with the same `fetch` and no timeout, so first find out whether it can. */
async function hostAnswers(): Promise<boolean> {
  try {
    return (await fetch(DOWNLOAD_HOST, { method: "HEAD", signal: AbortSignal.timeout(3000) })).ok;
  } catch {
    return false;
  }
}

export function pulumiHome(env: NodeJS.ProcessEnv): string {
  return env["PULUMI_HOME"] || path.join(env["HOME"] || os.homedir(), ".pulumi");
}
