import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import { ServerError } from "../../provider/src/connection/errors";
import { openScratch } from "../../provider/src/connection/scratch";
import { type Finding, lintObject, type OutputColumn } from "../../provider/src/lint";
import { Definition } from "../../provider/src/sql/definition";
import { SqlParseError } from "../../provider/src/sql/errors";
import { keyOf } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { parseQuery } from "../../provider/src/sql/query";
import type { ObjectSpec } from "../../provider/src/sql/spec";

/** Real DDL of public projects; see its README. It is not part of the repository. */
const CORPUS = process.env["CORPUS_DIR"] ?? resolve(__dirname, "../../../shared/corpus");

/** Errors that were looked at and are right: a view groups by a column that the target's sorting key does not have. */
const DEFECTS = [
  "clickpy pypi.pypi_downloads_per_day_by_version_by_installer_by_type_mv group-by-not-in-key",
  "highlight default.event_keys_new_mv group-by-not-in-key",
];

/** Warnings that were read one by one and are right; the number of findings by project and rule. */
const WARNINGS: Readonly<Record<string, number>> = {
  "clickpy column-outside-key": 1,
  "helicone counts-replaced-rows": 2,
  "helicone zero-rows-dropped": 1,
  "highlight aggregate-of-partial-rows": 6,
  "highlight column-outside-key": 3,
  "highlight counts-replaced-rows": 4,
  "highlight inner-table": 2,
  "highlight missing-ttl": 7,
  "highlight view-type-narrows": 1,
  "jitsu inner-table": 3,
  "langwatch counts-replaced-rows": 1,
  "langwatch version-across-partitions": 5,
  "tensorzero version-across-partitions": 1,
  "trigger.dev column-outside-key": 1,
  "trigger.dev counts-replaced-rows": 2,
  "umami distinct-in-incremental-view": 1,
  "umami join-in-incremental-view": 1,
  "umami view-type-narrows": 2,
};

interface Statement {
  readonly showCreate?: string;
  readonly finalCreate?: string;
  readonly gone?: boolean;
}

describe("lint of the corpus of real projects", () => {
  const findings: { project: string; finding: Finding }[] = [];
  let objects = 0;
  before(async function () {
    if (!existsSync(CORPUS)) {
      console.log(`      skipped: no folder ${CORPUS}; set CORPUS_DIR`);
      this.skip();
    }
    for (const file of readdirSync(join(CORPUS, "projects")).sort()) {
      const project = file.replace(".jsonl", "");
      const declared = readProject(join(CORPUS, "projects", file));
      const types = await describeViews(declared);
      objects += declared.size;
      for (const { spec } of declared.values()) {
        const scratch = {
          find: (key: string): ObjectSpec | undefined => declared.get(key)?.spec,
          types: (query: string): readonly OutputColumn[] | undefined => types.get(query),
        };
        findings.push(...lintObject(spec, scratch).map((finding) => ({ project, finding })));
      }
    }
  });

  it("gives no error outside of known defects", () => {
    const errors = findings.filter(({ finding }) => finding.severity === "error");
    assert.deepEqual(
      errors.map(({ project, finding: { object, rule } }) => `${project} ${object} ${rule}`).sort(),
      DEFECTS,
    );
  });

  it("gives only the warnings that are right, on fewer than one object in eight", () => {
    const warnings = findings.filter(({ finding }) => finding.severity === "warning");
    const counts: Record<string, number> = {};
    for (const { project, finding } of warnings) {
      const key = `${project} ${finding.rule}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    assert.deepEqual(counts, WARNINGS);
    assert.ok(new Set(warnings.map(({ finding }) => finding.object)).size < objects / 8);
  });

  it("reads every query in canonical form", () => {
    const texts = readdirSync(join(CORPUS, "projects")).map((file) => join("projects", file));
    const unread = ["stateless.jsonl", ...texts].flatMap((file) =>
      [...readProject(join(CORPUS, file)).values()].flatMap(({ spec }) =>
        "query" in spec && parseQuery(spec.query) === undefined ? [keyOf(spec).replace("\0", ".")] : [],
      ),
    );
    assert.deepEqual(unread, []);
  });
});

/** The state at the end of a file, by key. */
function readProject(path: string): Map<string, { spec: ObjectSpec; text: string }> {
  const lines = readFileSync(path, "utf8").split("\n");
  const statements = lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Statement);
  const found = new Map<string, { spec: ObjectSpec; text: string }>();
  for (const { showCreate, finalCreate, gone } of statements) {
    const text = finalCreate ?? showCreate;
    const spec = gone === true || text === undefined ? undefined : tryParse(text);
    if (spec !== undefined && text !== undefined) found.set(keyOf(spec), { spec, text });
  }
  return found;
}

async function describeViews(
  declared: ReadonlyMap<string, { spec: ObjectSpec; text: string }>,
): Promise<Map<string, readonly OutputColumn[]>> {
  const scratch = new ScratchEngine(openScratch, async () => undefined);
  const types = new Map<string, readonly OutputColumn[]>();
  for (const [key, { spec, text }] of declared)
    if (spec.kind !== "database") scratch.declare(key, Definition.read(text));
  try {
    for (const { spec } of declared.values()) {
      if (!("query" in spec)) continue;
      try {
        await scratch.canonicalize(spec);
        types.set(spec.query, await scratch.ask<{ name: string; type: string }>(`DESCRIBE (${spec.query})`));
      } catch (error) {
        // A source that the corpus itself does not have.
        if (!(error instanceof ServerError)) throw error;
      }
    }
  } finally {
    await scratch.close();
  }
  return types;
}

function tryParse(text: string): ObjectSpec | undefined {
  try {
    return parseCreate(text);
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}
