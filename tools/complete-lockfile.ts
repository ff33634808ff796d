import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const LOCKFILE = path.resolve(__dirname, "../package-lock.json");

interface Entry {
  version?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optional?: boolean;
  dev?: boolean;
  peer?: boolean;
  optionalDependencies?: Record<string, string>;
}

/**
 * `npm run lock`: adds the packages for other platforms that npm leaves out of the lockfile when a registry mirror lacks them.
 * `npm ci` refuses a lockfile without them, on every platform.
 */
function completeLockfile(): void {
  const lock = JSON.parse(readFileSync(LOCKFILE, "utf8")) as { packages: Record<string, Entry> };
  for (const entry of Object.values({ ...lock.packages })) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const at = `node_modules/${name}`;
      const platform = platformOf(name);
      if (lock.packages[at]?.version !== undefined || platform === undefined || !/^\d/.test(version)) continue;
      lock.packages[at] = { version, ...platform, ...(entry.dev && { dev: true }), optional: true };
    }
  }
  const packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(LOCKFILE, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
}

function platformOf(name: string): Pick<Entry, "os" | "cpu" | "libc"> | undefined {
  const match = /-(darwin|linux|win32|android|freebsd)-(x64|arm64)(?:-(musl|gnu))?$/.exec(name);
  const [, os = "", cpu = "", libc] = match ?? [];
  if (match === null) return undefined;
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc === "gnu" ? "glibc" : libc] }) };
}

completeLockfile();
