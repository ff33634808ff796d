import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SchemaError } from "../errors";
import { cacheFolder } from "./cache";
import { ENGINES, type Engine, type Platform, type Version } from "./engines";
import { runTool, type Tool } from "./tool";

/** The platform tags of the wheels, as pip expects them. */
const TAGS: Readonly<Record<Platform, string>> = {
  "linux-x64": "manylinux2014_x86_64",
  "linux-arm64": "manylinux2014_aarch64",
  "darwin-x64": "macosx_10_15_x86_64",
  "darwin-arm64": "macosx_11_0_arm64",
};
/** For wheels that are built for one version of Python; the library is never imported, so any Python 3 can load it. */
const PYTHON = "3.11";
type Wheel = NonNullable<Engine["wheel"]>;

/** @returns the folder of a version's package in the user's cache; undefined if it has not been fetched. */
export function fetchedEngine(version: Version): string | undefined {
  const { wheel }: Engine = ENGINES[version];
  const folder = wheel && folderOf(wheel);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}

/**
 * Fetches the package of a version into the user's cache with `pip download`, once: 140 to 180 MB, 500 to 850 MB unpacked.
 * Nothing is installed. Rejects if pip, the network or the checksum fails.
 */
export async function fetchEngine(version: Version, log = (_line: string): void => undefined): Promise<string> {
  const { wheel }: Engine = ENGINES[version];
  if (wheel === undefined)
    throw new SchemaError("option-invalid", `ClickHouse ${version} comes with npm's chdb: there is nothing to fetch`);
  const target = folderOf(wheel);
  if (existsSync(target)) return target;
  log(`fetching ClickHouse ${version} (${wheel.name} ${wheel.version} of PyPI, about 160 MB, once)`);
  mkdirSync(path.dirname(target), { recursive: true });
  const shop = mkdtempSync(path.join(path.dirname(target), ".fetching-"));
  try {
    await download(wheel, shop);
    const [file] = readdirSync(shop).filter((name) => name.endsWith(".whl"));
    if (file === undefined)
      throw new SchemaError("server-not-started", `pip downloaded no wheel of ${wheel.name} ${wheel.version}`);
    await python(["-m", "zipfile", "-e", path.join(shop, file), path.join(shop, "unpacked")]);
    publish(path.join(shop, "unpacked"), target);
  } finally {
    rmSync(shop, { recursive: true, force: true });
  }
  return target;
}

/** The shared library in a fetched package. */
export function libraryIn(folder: string): string {
  const name = readdirSync(path.join(folder, "chdb")).find((one) => /^_chdb.*\.so$/.test(one));
  if (name === undefined)
    throw new SchemaError(
      "server-not-started",
      `${folder} has no library of chdb: remove that folder, and the next start fetches it again`,
    );
  return path.join(folder, "chdb", name);
}

function folderOf({ name, version }: Wheel): string {
  return cacheFolder(process.env, "engines", `${name}-${version}`);
}

async function download({ name, version, sha256 }: Wheel, directory: string): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  if (!(platform in TAGS)) {
    throw new SchemaError(
      "server-not-started",
      `${name} ${version} has no package for ${platform}, only for ${Object.keys(TAGS).join(", ")}`,
    );
  }
  const here = platform as Platform;
  const requirements = path.join(directory, "requirements.txt");
  // pip verifies the checksum; if one is given, it refuses packages without one.
  writeFileSync(requirements, `${name}==${version} --hash=sha256:${sha256[here]}\n`);
  const wanted = [
    "--only-binary=:all:",
    "--implementation=cp",
    `--python-version=${PYTHON}`,
    `--platform=${TAGS[here]}`,
  ];
  await python(["-m", "pip", "download", "-q", "--no-deps", ...wanted, "-d", directory, "-r", requirements]);
}

const PYTHON_TOOL: Tool = {
  program: "python3",
  needs: "Python 3 with pip is needed (python3-pip).",
  missing: /No module named pip/,
};

function python(args: readonly string[]): Promise<void> {
  return runTool(PYTHON_TOOL, args);
}

/** Moves a complete folder into place, unless another process has done so in the meantime. */
function publish(folder: string, target: string): void {
  try {
    renameSync(folder, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}
