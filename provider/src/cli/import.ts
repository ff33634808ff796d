import { join } from "node:path";
import { Command } from "commander";
import { digest } from "../canonical/fingerprint";
import type { ClusterHost, Connection } from "../connection/connection";
import { importFile, type Program } from "../generate";
import { type FoundObject, introspectServer, type ServerObjects } from "../introspect/server";
import { KINDS } from "../kinds";
import { isInNoDatabase, keyParts, quotedName } from "../sql/object-key";
import type { Output } from "./canonicalize";
import { connectPlaced, type PlaceOptions, withCluster } from "./connect";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { withoutDefaultPaths } from "./import/default-paths";
import { differencesIn, writeFiles, writeScaffold } from "./import/folder";
import { type ImportedProgram, programOf } from "./import/program";
import { ImportScratch } from "./import/scratch";
import { refusePartlyVisible } from "./import/visible";

const { version } = require("../../package.json") as { version: string };

/** Options of `clickhouse-schema import`. */
export interface ImportOptions extends PlaceOptions {
  /** Folder of the program. */
  readonly out: string;
  readonly database?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Also users, roles, what they may do, settings profiles and quotas, but for those of the server's configuration. */
  readonly access?: boolean;
  /** Only compares, writes nothing. */
  readonly check?: boolean;
  /** Overwrites files that differ. */
  readonly force?: boolean;
  /** Writes a `Rollup` where a target and its views equal exactly what one makes. */
  readonly rollups?: boolean;
}

const IMPORT_FILE = "import.json";

/** `clickhouse-schema import`. */
export function importCommand(output: Output): Command {
  return withCluster(new Command("import"))
    .description("write a Pulumi program for what is on a server, and the file that imports it into a stack's state")
    .option("--out <folder>", "folder of the program", ".")
    .option("--database <name...>", "only these databases")
    .option("--include <pattern...>", "only objects whose database.name matches, e.g. 'logs.*_v1'")
    .option("--exclude <pattern...>", "skip objects whose database.name matches")
    .option("--access", "also users, roles, what they may do, settings profiles and quotas")
    .option("--rollups", "write a Rollup where a target and its views are exactly what one creates")
    .option("--check", "write nothing; exit with 1 if the program in the folder differs from the server")
    .option("--force", "overwrite existing files that differ")
    .action(async (options: ImportOptions) => {
      process.exitCode = await importServer(options, output);
    });
}

/**
 * Writes the program for a server, or with `check` compares it. Costs five queries, and more work if there are views: see
 * {@link programOf}.
 *
 * @returns the exit code, of {@link EXIT}: `found` when `check` finds a difference.
 */
export async function importServer(options: ImportOptions, output: Output): Promise<number> {
  let connection: Connection | undefined;
  const scratch = new ImportScratch();
  try {
    connection = await connectPlaced(options);
    const { database, include, exclude } = options;
    const shown = await introspectServer(connection, {
      ...(database && { databases: database }),
      ...(include && { include }),
      ...(exclude && { exclude }),
      ...(options.access && { access: true }),
    });
    const found = await withoutDefaultPaths(connection, shown);
    const user = await currentUser(connection);
    if (include === undefined) await refusePartlyVisible(connection, user, databasesOf(found));
    const rollupsFor = options.rollups === true ? user : undefined;
    const request = rollupsFor === undefined ? {} : { rollupsFor };
    const made = await programOf(connection, found, scratch, request);
    const { program } = made;
    if (options.check === true) return check(options.out, program, output);
    write(options, program, found.managed);
    report(options, made, found, output);
    reportHosts(found, output);
    next(options, connection, program, output);
    return EXIT.fine;
  } catch (error) {
    return tellFailure(error, false, output);
  } finally {
    await Promise.all([connection?.close(), scratch.close()]);
  }
}

function databasesOf({ managed }: ServerObjects): string[] {
  return managed.flatMap(({ spec }) => (KINDS[spec.kind].scope === "itself" ? [spec.name] : []));
}

async function currentUser(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  return row?.user ?? "";
}

function check(out: string, { files }: Program, output: Output): number {
  const differences = differencesIn(out, files);
  for (const { path, diff } of differences) output.out(diff === undefined ? `${path}: is missing\n` : `${diff}\n`);
  if (differences.length === 0) output.out(`The program in ${out} matches the server.\n`);
  return differences.length === 0 ? EXIT.fine : EXIT.found;
}

function write({ out, force }: ImportOptions, program: Program, managed: readonly FoundObject[]): void {
  writeFiles(out, program.files, force === true);
  const live = new Map(managed.map(({ key, live: { statement } }) => [key, digest(statement)]));
  const file = importFile(program, (key) => live.get(key));
  writeFiles(out, new Map([[IMPORT_FILE, `${JSON.stringify(file, undefined, 2)}\n`]]), true);
  writeScaffold(out, version);
}

function report(
  { out }: ImportOptions,
  { program: { resources, files, rollups: written }, views: { unknown, unavailable }, rollups }: ImportedProgram,
  { unmanaged }: ServerObjects,
  output: Output,
): void {
  // Functions are in none.
  const databases = new Set(resources.map(({ key }) => keyParts(key).database).filter((name) => name !== ""));
  output.out(
    `Wrote ${count(resources.length, "resource")} of ${count(databases.size, "database")} to ${[...files.keys()].map((path) => join(out, path)).join(", ")}.\n`,
  );
  for (const { key } of written) output.out(`  ${quotedName(key)}: a Rollup\n`);
  for (const [key, reason] of rollups.refused) output.out(`  ${quotedName(key)}: no Rollup, because ${reason}\n`);
  for (const { key, plain } of resources) {
    if (plain !== undefined)
      output.out(`  ${quotedName(key)}: plain SQL, because arguments cannot express this: ${plain}\n`);
  }
  for (const { key, circular } of resources) {
    for (const other of circular)
      output.out(
        `  ${quotedName(key)}: it and ${quotedName(other)} refer to each other; declare one of the two elsewhere\n`,
      );
  }
  if (unavailable !== undefined)
    output.out(`  Every view's columns are written, because none were compared with its query: ${unavailable}\n`);
  for (const [key, reason] of unknown) {
    output.out(
      `  ${quotedName(key)}: its columns are written, because they could not be compared with its query: ${reason.split("\n", 1)[0]}\n`,
    );
  }
  for (const { key, kind, reason } of unmanaged) {
    const shown = isInNoDatabase(key) ? keyParts(key).name : quotedName(key);
    output.out(`  ${shown}: not managed, ${kind}${reason === "" ? "" : ` (${reason})`}\n`);
  }
  const hidden = resources.filter(({ secrets }) => secrets.length > 0);
  if (hidden.length === 0) return;
  const [names, noun] = [hidden.map(({ key }) => quotedName(key)).join(", "), count(hidden.length, "resource")];
  output.out(
    `\nThe server does not show the secrets of ${noun}, so ${IMPORT_FILE} leaves ${hidden.length === 1 ? "it" : "them"} out: ${names}.\n` +
      `A preview shows "create" for ${hidden.length === 1 ? "it" : "each of them"} until \`pulumi up\` has adopted what exists. That changes nothing on the server.\n`,
  );
}

/** What not all hosts have, or have equal: the preview will differ from the program there. */
function reportHosts({ managed }: ServerObjects, output: Output): void {
  for (const { key, live } of managed) {
    const { missing = [], others = [], silent = [], split = [] } = live.spread ?? {};
    const list = (what: string, hosts: readonly ClusterHost[]): string[] =>
      hosts.length === 0 ? [] : [`${what} ${hosts.map(({ name }) => name).join(", ")}`];
    const found = [
      ...list("missing on", missing),
      ...list(
        "different on",
        others.flatMap(({ hosts }) => hosts),
      ),
      ...list(
        "another path in Keeper on",
        split.flatMap(({ hosts }) => hosts),
      ),
      ...list("no answer from", silent),
    ];
    if (found.length > 0) output.out(`  ${quotedName(key)}: ${found.join("; ")}; written as most hosts have it\n`);
  }
}

/** The commands from here to an empty preview; resources with secrets are adopted by `up`. */
function next(
  { out, user }: ImportOptions,
  { cluster, url }: Connection,
  { resources }: Program,
  output: Output,
): void {
  const secrets = resources.flatMap((resource) => resource.secrets.map(({ name }) => name));
  const commands = [
    ...(out === "." ? [] : [`cd ${shellWord(out)}`]),
    "npm install",
    "pulumi stack init dev",
    `pulumi config set clickhouse:url ${shellWord(url)}`,
    ...(cluster === undefined ? [] : [`pulumi config set clickhouse:cluster ${shellWord(cluster.name)}`]),
    ...(user === undefined ? [] : [`pulumi config set clickhouse:username ${shellWord(user)}`]),
    ...(process.env["CLICKHOUSE_PASSWORD"] ? ["pulumi config set --secret clickhouse:password"] : []),
    ...secrets.map((name) => `pulumi config set --secret ${name}`),
    `pulumi import --file ${IMPORT_FILE} --generate-code=false --protect=false --yes`,
    secrets.length === 0 ? "pulumi preview" : "pulumi up",
  ];
  output.out(`\nNext:\n${commands.map((command) => `  ${command}\n`).join("")}`);
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
