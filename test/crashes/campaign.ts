/**
 * `npm run campaign -- [RUNS] [VERSION…]`: as many crash runs of every protocol on every version. It can be stopped at any time; the next one
 * goes on where it was, as long as the source of the package is the same. Its figures are the tables of docs/proof.md.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../provider/src/errors";
import { versionNamed } from "../../provider/src/server/engines";
import { exitWith } from "../../tools/pulumi-cli/run";
import { SEED } from "../support/effort";
import { startServer, type TestServer } from "../support/server";
import { told } from "./main";
import { PROTOCOLS, type ProtocolName } from "./protocols";
import type { CrashRun } from "./run";
import { add, nothing, type Sums, table } from "./sums";

const ROOT = join(__dirname, "../..");
const RUNS = 1000;
const VERSIONS: readonly string[] = ["26.7", "25.8"];
const ALL = Object.keys(PROTOCOLS) as ProtocolName[];
/** One line per run, with every message. */
const LOG = join(ROOT, ".scratch/campaign.jsonl");
const PAGE = join(ROOT, "docs/proof.md");
const [BEGIN, END] = ["<!-- campaign -->", "<!-- /campaign -->"];
/** Rows of runs of different seeds are as different as those of one seed. */
const SEEDS = 100_000;

interface Line {
  /** Hash of the package's source. */
  readonly source: string;
  readonly version: string;
  readonly protocol: ProtocolName;
  readonly index: number;
  readonly seed: number;
  readonly run: CrashRun;
}

async function main(args: readonly string[]): Promise<number> {
  const [count] = args.filter((arg) => /^\d+$/.test(arg));
  const named = args.filter((arg) => arg !== count && arg !== "--report");
  const versions = (named.length > 0 ? named : VERSIONS).map(versionNamed);
  const source = sourceHash();
  const lines = linesOf(source);
  if (!args.includes("--report")) await runAll(source, versions, Number(count ?? RUNS), lines);
  writePage(lines);
  const sums = summed(lines);
  console.log(table(sums));
  return sums.some(({ sums: { lost, doubled, other } }) => lost + doubled + other > 0) ? 1 : 0;
}

/** Index by index, so that a campaign that is stopped has done about as much of each. */
async function runAll(source: string, versions: readonly string[], count: number, lines: Line[]): Promise<void> {
  const keyOf = ({ version, protocol, index }: Omit<Line, "run" | "source" | "seed">): string =>
    `${version} ${protocol} ${index}`;
  const done = new Set(lines.map(keyOf));
  const servers = new Map<string, TestServer>();
  let over = false;
  process.once("SIGINT", () => {
    over = true;
    console.log("Ends after this run; run it again to go on.");
  });
  try {
    for (let index = 0; index < count && !over; index += 1) {
      for (const version of versions) {
        for (const protocol of ALL) {
          if (over || done.has(keyOf({ version, protocol, index }))) continue;
          const server = servers.get(version) ?? (await startServer({ version: versionNamed(version) }));
          servers.set(version, server);
          const seed = SEED * SEEDS + index;
          const line = {
            source,
            version,
            protocol,
            index,
            seed,
            run: await runOnce(server, version, protocol, index, seed),
          };
          mkdirSync(dirname(LOG), { recursive: true });
          appendFileSync(LOG, `${JSON.stringify(line)}\n`);
          lines.push(line);
        }
      }
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

/** A run that does not come to its comparison is written down as well, with the reason. */
function runOnce(
  server: TestServer,
  version: string,
  protocol: ProtocolName,
  index: number,
  seed: number,
): Promise<CrashRun> {
  return told(server, version, protocol, index, seed).catch((error: unknown) => {
    const wrong = [`no result: ${messageOf(error)}`];
    console.log(`WRONG  ${version} ${protocol} ${index}: ${wrong[0]}`);
    const none = { rows: 0, lost: 0, doubled: 0, refused: 0, killedRunner: [], killedServer: [], surprises: [] };
    return { ...none, wrong };
  });
}

function sourceHash(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  if (git("status", "--porcelain", "provider/src") !== "")
    throw new Error("provider/src has changes that are not committed; a campaign is about one commit.");
  return git("rev-parse", "HEAD:provider/src").slice(0, 12);
}

function linesOf(source: string): Line[] {
  if (!existsSync(LOG)) return [];
  const text = readFileSync(LOG, "utf8").split("\n");
  // The last line may have been cut off.
  const lines = text.flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Line] : []));
  return lines.filter((line) => line.source === source);
}

function summed(lines: readonly Line[]): { version: string; protocol: ProtocolName; sums: Sums }[] {
  const found = new Map<string, { version: string; protocol: ProtocolName; sums: Sums }>();
  for (const { version, protocol, run } of lines) {
    const key = `${version} ${protocol}`;
    const entry = found.get(key) ?? { version, protocol, sums: nothing() };
    add(entry.sums, run);
    found.set(key, entry);
  }
  return [...found.values()].sort(
    (a, b) => b.version.localeCompare(a.version) || ALL.indexOf(a.protocol) - ALL.indexOf(b.protocol),
  );
}

function writePage(lines: readonly Line[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
  const [first] = lines;
  const about = first === undefined ? "" : `Source \`${first.source}\` (\`git rev-parse HEAD:provider/src\`).\n\n`;
  writeFileSync(
    PAGE,
    `${page.slice(0, from)}\n${about}${table(summed(lines))}\n\n${messages(lines)}\n${page.slice(to)}`,
  );
}

/** Everything that was not foreseen, in the words of the server or of the package. */
function messages(lines: readonly Line[]): string {
  const counts = new Map<string, number>();
  for (const { version, protocol, run } of lines) {
    for (const said of [...run.surprises.map(({ message }) => message), ...run.wrong]) {
      const text = `${version}, ${protocol}: ${said.replaceAll(/test_[0-9a-f]{16}/g, "d").replaceAll(/\s+/g, " ")}`;
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  if (counts.size === 0) return "Nothing was answered that is not foreseen.";
  return [...counts].map(([text, count]) => `- ${count} × ${text}`).join("\n");
}

exitWith(main(process.argv.slice(2)));
