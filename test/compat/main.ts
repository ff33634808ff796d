/** `npm run compat -- 25.8 [SUITE…] [-- WORD…]`, or `all` for every version: what of the package's own tests holds on another ClickHouse. */

import { VERSIONS, versionNamed } from "../../provider/src/server/engines";
import { exitWith } from "../../tools/pulumi-cli/run";
import type { Version } from "../support/server";
import { planCases } from "./cases";
import { changes } from "./changes";
import { objects } from "./objects";
import { stack } from "./stack";
import type { Suite, Verdict } from "./verdict";

const SUITES: Readonly<Record<string, Suite>> = { cases: planCases, changes, objects, stack };

async function main(args: readonly string[]): Promise<number> {
  const split = args.includes("--") ? args.indexOf("--") : args.length;
  const [named, words] = [args.slice(0, split), args.slice(split + 1)];
  const suites = named.filter((name) => name in SUITES);
  const wanted = named.filter((name) => !suites.includes(name));
  const versions = wanted.includes("all") || wanted.length === 0 ? VERSIONS : wanted.map(versionNamed);
  const rows: string[][] = [["version", "suite", "ok", "refused at preview", "failed", "left out", "minutes"]];
  let failures = 0;
  for (const version of versions) {
    for (const name of suites.length > 0 ? suites : Object.keys(SUITES)) {
      const { verdicts, minutes } = await run(version, name, words);
      const count = (result: Verdict["result"]): number => verdicts.filter((one) => one.result === result).length;
      failures += count("failed");
      rows.push([
        version,
        name,
        ...(["ok", "refused", "failed", "left out"] as const).map((one) => String(count(one))),
        minutes,
      ]);
    }
  }
  console.log(`\n${table(rows)}`);
  return failures === 0 ? 0 : 1;
}

async function run(
  version: Version,
  name: string,
  words: readonly string[],
): Promise<{ verdicts: Verdict[]; minutes: string }> {
  const verdicts: Verdict[] = [];
  const started = Date.now();
  const tell = (verdict: Verdict): void => {
    verdicts.push(verdict);
    if (verdict.result !== "ok")
      console.log(`${version} ${verdict.result}: ${verdict.name}\n    ${indented(verdict.problem)}`);
  };
  try {
    await SUITES[name]?.(version, tell, words);
  } catch (error) {
    // The server is gone, or cannot do what the suite itself needs.
    tell({
      name: `the suite ${name}`,
      result: "failed",
      problem: error instanceof Error ? error.message : String(error),
    });
  }
  return { verdicts, minutes: ((Date.now() - started) / 60_000).toFixed(1) };
}

/** The beginning and the end: the CLI prints what happened before it says what went wrong. */
function indented(text: string): string {
  const shown = text.length <= 4000 ? text : `${text.slice(0, 1000)}\n[…]\n${text.slice(-3000)}`;
  return shown.replaceAll("\n", "\n    ");
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

exitWith(main(process.argv.slice(2)));
