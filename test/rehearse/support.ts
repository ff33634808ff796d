import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type RehearseCliOptions, rehearseFile } from "../../provider/src/cli/rehearse";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { showPlan } from "../../provider/src/plan";
import type { Rehearsal } from "../../provider/src/rehearse/result";
import { temporaryDirectory } from "../../provider/src/server/temporary";
import { keyOf, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";

/** CREATE statements of an object before and after. */
export interface Change {
  readonly before?: string;
  readonly after?: string;
  readonly renamedColumns?: Readonly<Record<string, string>>;
}

const TYPES = {
  table: "Table",
  view: "View",
  materializedView: "MaterializedView",
  database: "Database",
  dictionary: "Dictionary",
};

/** What `pulumi preview --json` prints for some changes. */
export function previewOf(...changes: readonly Change[]): string {
  return JSON.stringify({ steps: changes.map(stepOf), diagnostics: [], changeSummary: {} });
}

function stepOf({ after, before, renamedColumns = {} }: Change): object {
  const [from, to] = [before, after].map((sql) => (sql === undefined ? undefined : parseCreate(sql)));
  const spec = to ?? from;
  if (spec === undefined) throw new Error("a change of nothing");
  const shown =
    from !== undefined && to !== undefined
      ? showPlan(planObject(from, to, diffObject(from, to, { renamedColumns })))
      : undefined;
  const state = (one: typeof spec) => ({
    type: "pulumi-nodejs:dynamic/clickhouse:x",
    inputs: {
      ...("database" in one && { database: one.database }),
      name: one.name,
      qualifiedName: quotedName(keyOf(one)),
      statement: renderCreate(one),
    },
  });
  const news = to && state(to);
  const plan = shown && shown.length > 0 ? { __plan: JSON.stringify(shown) } : {};
  const kind = TYPES[spec.kind as keyof typeof TYPES];
  return {
    op: from === undefined ? "create" : to === undefined ? "delete" : shown?.length === 0 ? "same" : "update",
    urn: `urn:pulumi:test::test::pulumi-nodejs:dynamic/clickhouse:${kind}::${keyOf(spec).replace("\0", "-")}`,
    ...(from && { oldState: state(from) }),
    ...(news && { newState: { ...news, inputs: { ...news.inputs, ...plan } } }),
  };
}

/** The result of the command. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Of `ajv`, as much as is used: its draft 2020 is no default export. */
type Validate = ((data: unknown) => boolean) & { readonly errors?: unknown };
type Ajv = new (options: object) => { compile(schema: object): Validate };
const { default: Ajv2020 } = require("ajv/dist/2020") as { default: Ajv };
const SCHEMA = path.resolve(__dirname, "../../provider/schemas/rehearse.schema.json");
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(readFileSync(SCHEMA, "utf8")));

let files = 0;
let folder: string | undefined;

/** Runs `clickhouse-schema rehearse` on a preview. */
export async function rehearseText(
  url: string,
  preview: string,
  options: RehearseCliOptions = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<Said> {
  folder ??= temporaryDirectory("rehearse-");
  const file = path.join(folder, `preview-${++files}.json`);
  writeFileSync(file, preview);
  const said = { out: "", error: "" };
  const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
  const code = await rehearseFile(file, { url, ...options }, output as never, environment);
  return { code, ...said };
}

/** The same as data, which holds the schema. */
export async function rehearsed(
  url: string,
  preview: string,
  options: RehearseCliOptions = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly code: number; readonly found: Rehearsal & { readonly verdict: string } }> {
  const { code, error, out } = await rehearseText(url, preview, { ...options, json: true }, environment);
  if (!out.startsWith("{")) throw new Error(`${code}: ${out}${error}`);
  const found = JSON.parse(out);
  if (!validate(found)) throw new Error(`${JSON.stringify(validate.errors, undefined, 1)}\n${out}`);
  return { code, found };
}

/** Runs it with `act` at the moment when the first sample is announced. @returns the exit code. */
export async function rehearsedUntil(url: string, preview: string, lines: string[], act: () => void): Promise<number> {
  folder ??= temporaryDirectory("rehearse-");
  const file = path.join(folder, `preview-${++files}.json`);
  writeFileSync(file, preview);
  const output = {
    out: (text: string) => lines.push(text),
    error: (text: string) => {
      if (text.startsWith("reading a sample of")) act();
    },
  };
  return rehearseFile(file, { url, json: true }, output as never, {});
}
