import { join } from "node:path";
import { Command } from "commander";
import { digest } from "../canonical/fingerprint";
import type { Connection } from "../connection/connection";
import { messageOf } from "../errors";
import { generateProgram, importFile, type Program } from "../generate";
import { type FoundObject, introspectServer, type ServerObjects } from "../introspect/server";
import { keyParts, quotedName } from "../sql/object-key";
import type { Output } from "./canonicalize";
import { type ConnectOptions, connect, withConnection } from "./connect";
import { differencesIn, writeFiles, writeScaffold } from "./import/folder";
import { type ComparedViews, compareViews } from "./import/views";

const { version } = require("../../package.json") as { version: string };

/** What `clickhouse-schema import` is told. */
export interface ImportOptions extends ConnectOptions {
  /** Folder of the program. */
  readonly out: string;
  readonly database?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Writes nothing and compares. */
  readonly check?: boolean;
  /** Overwrites files that differ. */
  readonly force?: boolean;
}

const IMPORT_FILE = "import.json";

/** `clickhouse-schema import`. */
export function importCommand(output: Output): Command {
  return withConnection(new Command("import"))
    .description("write the Pulumi program of what stands on a server, and the file that brings it under management")
    .option("--out <folder>", "folder of the program", ".")
    .option("--database <name>", "only this database; may be given again", collect)
    .option(
      "--include <pattern>",
      "only objects whose database.name matches, e.g. 'logs.*_v1'; may be given again",
      collect,
    )
    .option("--exclude <pattern>", "no objects whose database.name matches; may be given again", collect)
    .option("--check", "write nothing; exit with 1 when the program in the folder is not what stands on the server")
    .option("--force", "overwrite files that are there and differ")
    .action(async (options: ImportOptions) => {
      process.exitCode = await importServer(options, output);
    });
}

/**
 * Writes the program of a server, or with `check` compares it. Costs four queries, and more work where there are views: see
 * {@link compareViews}.
 *
 * @returns the exit code: 1 on failure, and when `check` finds a difference.
 */
export async function importServer(options: ImportOptions, output: Output): Promise<number> {
  let connection: Connection | undefined;
  try {
    connection = await connect(options);
    const { database, include, exclude } = options;
    const found = await introspectServer(connection, {
      ...(database && { databases: database }),
      ...(include && { include }),
      ...(exclude && { exclude }),
    });
    const { program, views } = await programOf(connection, found);
    if (options.check === true) return check(options.out, program, output);
    write(options, program, found.managed);
    report(options, program, found, views, output);
    next(options, connection.url, program, output);
    return 0;
  } catch (error) {
    output.error(`${messageOf(error)}\n`);
    return 1;
  } finally {
    await connection?.close();
  }
}

async function programOf(connection: Connection, found: ServerObjects) {
  const { unmanaged } = found;
  const specs = found.managed.map(({ spec }) => spec);
  const program = generateProgram(specs, { unmanaged });
  const views = await compareViews(connection, program, found);
  const { listed } = views;
  return { program: listed.size === 0 ? program : generateProgram(specs, { unmanaged, listed }), views };
}

function check(out: string, { files }: Program, output: Output): number {
  const differences = differencesIn(out, files);
  for (const { path, diff } of differences) output.out(diff === undefined ? `${path}: is missing\n` : `${diff}\n`);
  if (differences.length === 0) output.out(`The program in ${out} is what stands on the server.\n`);
  return differences.length === 0 ? 0 : 1;
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
  { resources, files }: Program,
  { unmanaged }: ServerObjects,
  { unknown, unavailable }: ComparedViews,
  output: Output,
): void {
  const databases = new Set(resources.map(({ key }) => keyParts(key).database));
  output.out(
    `Wrote ${count(resources.length, "resource")} of ${count(databases.size, "database")} to ${[...files.keys()].map((path) => join(out, path)).join(", ")}.\n`,
  );
  for (const { key, plain } of resources) {
    if (plain !== undefined)
      output.out(`  ${quotedName(key)}: plain SQL, because arguments cannot say this: ${plain}\n`);
  }
  for (const { key, circular } of resources) {
    for (const other of circular)
      output.out(
        `  ${quotedName(key)}: it and ${quotedName(other)} name each other; declare one of the two elsewhere\n`,
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
    const { database, name } = keyParts(key);
    const shown = database === "" && name !== undefined ? name : quotedName(key);
    output.out(`  ${shown}: not managed, ${kind}${reason === "" ? "" : ` (${reason})`}\n`);
  }
}

/** The commands from here to an empty preview; what has secrets is adopted by `up`. */
function next({ out, user }: ImportOptions, url: string, { resources }: Program, output: Output): void {
  const secrets = resources.flatMap((resource) => resource.secrets.map(({ name }) => name));
  const commands = [
    ...(out === "." ? [] : [`cd ${shellWord(out)}`]),
    "npm install",
    "pulumi stack init dev",
    `pulumi config set clickhouse:url ${shellWord(url)}`,
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

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
