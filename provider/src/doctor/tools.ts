import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { atLeast } from "../clickhouse/version";
import { openScratch } from "../connection/scratch";
import { messageOf } from "../errors";
import { type Check, check } from "./check";

const { peerDependencies, engines } = require("../../package.json") as {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
};
/** The first version that supports `pulumi import --file` with inputs and outputs. */
const CLI_FOR_IMPORT = "3.254.0";
const CLI_LIMIT = 30_000;
const GET_PULUMI = "https://www.pulumi.com/docs/install/";

/** What a machine must have: Node, the Pulumi CLI and SDK, the embedded engine. */
export interface Tools {
  readonly checks: readonly Check[];
  /** Version of the embedded engine; undefined if it does not start. */
  readonly scratch: string | undefined;
}

/**
 * Checks this machine. Starts `pulumi version` and an embedded engine.
 *
 * @param folder where the user's project is.
 */
export async function checkTools(folder: string, environment: NodeJS.ProcessEnv): Promise<Tools> {
  const cli = pulumiVersion(environment);
  const engine = await checkEngine(folder);
  return {
    checks: [nodeCheck(process.versions.node), cliCheck(await cli), sdkCheck(folder), ...engine.checks],
    scratch: engine.version,
  };
}

/** @param version e.g. `20.19.0`. */
export function nodeCheck(version: string): Check {
  const least = engines.node.replace(/^\D+/, "");
  if (atLeast(version, least)) return check("node", "ok", `Node ${version}`);
  return check(
    "node",
    "error",
    `Node ${version}: ${least} or later is needed`,
    "Install a newer one: https://nodejs.org",
  );
}

/** @param found output of `pulumi version`, e.g. `v3.259.0`; or why there is none. */
export function cliCheck(found: { readonly version: string } | { readonly failure: string }): Check {
  const id = "pulumi-cli";
  if ("failure" in found) return check(id, "error", `Pulumi CLI: ${found.failure}`, `Install it: ${GET_PULUMI}`);
  const version = /\d+\.\d+\.\d+/.exec(found.version)?.[0] ?? found.version.trim();
  if (atLeast(version, CLI_FOR_IMPORT)) return check(id, "ok", `Pulumi CLI ${version}`);
  return check(
    id,
    "warning",
    `Pulumi CLI ${version}: \`pulumi import --file\`, as \`clickhouse-schema import\` writes it, needs ${CLI_FOR_IMPORT}`,
    `Install a newer one: ${GET_PULUMI}`,
  );
}

function pulumiVersion(environment: NodeJS.ProcessEnv): Promise<Parameters<typeof cliCheck>[0]> {
  const env = { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return new Promise((resolve) => {
    execFile("pulumi", ["version"], { env, timeout: CLI_LIMIT }, (error, stdout) => {
      if (error === null) resolve({ version: stdout });
      else if (error.code === ("ENOENT" as unknown)) resolve({ failure: "is not found on PATH" });
      else resolve({ failure: `\`pulumi version\` failed (${error.message.trim().split("\n")[0]})` });
    });
  });
}

function sdkCheck(folder: string): Check {
  const [id, name] = ["pulumi-sdk", "@pulumi/pulumi"];
  const least = (peerDependencies[name] ?? "").replace(/^\D+/, "");
  const version = installed(name, folder);
  if (version === undefined) {
    return check(id, "error", `${name} is not installed`, `npm install ${name}`);
  }
  if (atLeast(version, least)) return check(id, "ok", `${name} ${version}`);
  return check(id, "error", `${name} ${version}: ${least} or later is needed`, `npm install ${name}@latest`);
}

async function checkEngine(folder: string): Promise<{ checks: Check[]; version: string | undefined }> {
  const wanted = peerDependencies["chdb"] ?? "";
  const install = `npm install chdb@${wanted}`;
  const version = installed("chdb", folder);
  if (version === undefined) {
    const message =
      "chdb is not installed: declarations are not checked before they run, and compared as they are spelled";
    return { checks: [check("chdb", "warning", message, install)], version: undefined };
  }
  const found =
    version === wanted
      ? check("chdb", "ok", `chdb ${version}`)
      : check("chdb", "warning", `chdb ${version}: tested with ${wanted} only`, install);
  try {
    const engine = await openScratch();
    await engine.close();
    return {
      checks: [found, check("scratch", "ok", `the embedded engine starts: ClickHouse ${engine.version}`)],
      version: engine.version,
    };
  } catch (error) {
    const next = "Declarations are not checked before they run. chdb ships for Linux and macOS, x64 and arm64";
    return { checks: [found, check("scratch", "error", messageOf(error), next)], version: undefined };
  }
}

/** Version of a package as the project sees it. */
function installed(name: string, folder: string): string | undefined {
  try {
    const file = require.resolve(`${name}/package.json`, { paths: [folder, dirname(__dirname)] });
    return (require(file) as { readonly version: string }).version;
  } catch {
    return undefined;
  }
}
