import os from "node:os";
import path from "node:path";

/** A folder of this project in the user's cache, which survives a new clone. It need not exist yet. */
export function cacheFolder(env: NodeJS.ProcessEnv, ...names: readonly string[]): string {
  const xdg = env["XDG_CACHE_HOME"] ?? "";
  // The specification says to ignore a relative path.
  const cache = path.isAbsolute(xdg) ? xdg : path.join(env["HOME"] || os.homedir(), ".cache");
  return path.join(cache, "pulumi-clickhouse-schema", ...names);
}
