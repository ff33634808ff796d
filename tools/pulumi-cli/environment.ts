import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { PulumiCli } from "./index";
import { pulumiHome } from "./launcher";

/** The stack of `npm start`. */
export const DEMO_STACK = "dev";
/** The stack of `npm start` on a cluster. */
export const CLUSTER_STACK = "cluster";
/**
 * Public, because the demo stack has no secrets. The `encryptionsalt` in Pulumi.dev.yaml belongs to it: without a salt
 * in the file Pulumi writes one there, and a fresh clone would show as changed after `npm start`.
 */
const DEMO_PASSPHRASE = "dev";

export interface EnvironmentOptions {
  /** Use the backend in the repository whatever Pulumi is logged in to; only PULUMI_BACKEND_URL overrides it. */
  local?: boolean;
  /** The stack the command works on, if known. */
  stack?: string | undefined;
  env?: NodeJS.ProcessEnv;
}

/** The environment to run `pulumi` with: the CLI first on PATH, and a local backend if the user has chosen none. */
export function pulumiEnvironment(cli: PulumiCli, root: string, options: EnvironmentOptions = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...(options.env ?? process.env), PULUMI_SKIP_UPDATE_CHECK: "true" };
  // An installed one is on PATH already, and its folder may contain a different Node than the user's.
  if (cli.source !== "installed") env["PATH"] = [cli.path, env["PATH"] ?? ""].join(path.delimiter);
  const folder = path.join(root, ".pulumi-backend");
  const local = localBackend(root);
  if (!env["PULUMI_BACKEND_URL"] && (options.local === true || !isLoggedIn(env, local))) {
    env["PULUMI_BACKEND_URL"] = local;
  }
  if (env["PULUMI_BACKEND_URL"] === local) {
    mkdirSync(folder, { recursive: true });
    if (env["PULUMI_CONFIG_PASSPHRASE"] === undefined && !env["PULUMI_CONFIG_PASSPHRASE_FILE"]) {
      env["PULUMI_CONFIG_PASSPHRASE_FILE"] = passphraseFile(folder);
    }
  }
  if (options.stack === DEMO_STACK || options.stack === CLUSTER_STACK)
    env["PULUMI_CONFIG_PASSPHRASE"] = DEMO_PASSPHRASE;
  return env;
}

/** The URL of the backend in the repository. */
export function localBackend(root: string): string {
  return `file://${path.join(root, ".pulumi-backend")}`;
}

function isLoggedIn(env: NodeJS.ProcessEnv, local: string): boolean {
  if (env["PULUMI_ACCESS_TOKEN"]) return true;
  try {
    const folder = env["PULUMI_CREDENTIALS_PATH"] || pulumiHome(env);
    const { current } = JSON.parse(readFileSync(path.join(folder, "credentials.json"), "utf8")) as { current?: string };
    return Boolean(current) && current !== local;
  } catch {
    return false;
  }
}

function passphraseFile(folder: string): string {
  const file = path.join(folder, "passphrase");
  try {
    writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return file;
}
