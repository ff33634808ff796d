import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import type { PulumiCli } from "./index";
import { findOnPath, isExecutable, type Log } from "./process";
import { isRecent, OLDEST, versionOf } from "./version";

const LANGUAGE_HOST = "pulumi-language-nodejs";

/** The `pulumi` on the user's PATH, if it is new enough and complete. */
export async function installed(env: NodeJS.ProcessEnv, log: Log): Promise<PulumiCli | undefined> {
  const file = findOnPath("pulumi", env);
  // The npm launcher would start its own download when asked for its `version`.
  if (file === undefined || launcherVersion(file) !== undefined) return undefined;
  const version = await versionOf(file, env);
  if (version === undefined) {
    log(`passing over ${file}: it does not run`);
  } else if (!isRecent(version)) {
    log(`passing over ${file}: it is ${version}, and ${OLDEST} or newer is needed`);
  } else if (!hasLanguageHost(file, env)) {
    log(`passing over ${file}: it came without ${LANGUAGE_HOST}`);
  } else {
    return { path: path.dirname(file), version, source: "installed" };
  }
  return undefined;
}

/** The version of the npm package `pulumi` that `file` belongs to; undefined if it is a real CLI. */
export function launcherVersion(file: string): string | undefined {
  try {
    const manifest = path.join(path.dirname(realpathSync(file)), "package.json");
    const { name, version } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: string; version?: string };
    return name === "pulumi" ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Pulumi itself looks on PATH first, then next to its own executable. */
function hasLanguageHost(file: string, env: NodeJS.ProcessEnv): boolean {
  return (
    findOnPath(LANGUAGE_HOST, env) !== undefined ||
    isExecutable(path.join(path.dirname(realpathSync(file)), LANGUAGE_HOST))
  );
}
