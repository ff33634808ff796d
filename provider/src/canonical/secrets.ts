import type { Connection } from "../connection/connection";
import { isGrants } from "../sql/access/grant";
import { splitArguments } from "../sql/fragments";
import { lex } from "../sql/lexer";
import { isAccess } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectSpec, SettingSpec, StorageSpec } from "../sql/spec";
import { isInlineDisk } from "./outside";
import { outsideFunction } from "./outside-calls";

const HIDDEN = "'[HIDDEN]'";
/** A view with a list of columns, which the engine accepts without checking its query. */
const TRIAL = "default._canonical_secrets";
const SECRET = /password|token|secret|credential|(?:private|account)_key|connection_string|^sas/i;

/** Table functions whose secrets are in the same places as those of the engine of the same name. */
const FUNCTIONS = (
  "s3 gcs oss cosn url hdfs hudi mysql mongodb postgresql ytsaurus arrowFlight remote remoteSecure azureBlobStorage iceberg icebergS3 " +
  "icebergAzure icebergHDFS deltaLake deltaLakeS3 deltaLakeAzure paimon paimonS3 paimonAzure paimonHDFS"
).split(" ");
const SAME_AS: Readonly<Record<string, string>> = {
  s3queue: "s3",
  azurequeue: "azureBlobStorage",
  materializedpostgresql: "postgresql",
};
/** Position of the password among the arguments of the others, from 0. */
const TABLE_POSITIONS: Readonly<Record<string, number>> = { redis: 2, externaldistributed: 5, odbc: 0, jdbc: 0 };
const DATABASE_POSITIONS: Readonly<Record<string, number>> = {
  mysql: 3,
  postgresql: 3,
  materializedpostgresql: 3,
  materializedmysql: 3,
  s3: 2,
};

/**
 * An object that was not created as written, as the engine would show it: with `[HIDDEN]` for secrets. Hides rather more than the
 * engine than less. Costs up to four statements.
 */
export async function withoutSecrets<Spec extends ObjectSpec>(engine: Connection, spec: Spec): Promise<Spec> {
  if ("expression" in spec || "entries" in spec || isGrants(spec) || isAccess(spec)) return spec;
  if (!("database" in spec)) {
    const settings = spec.settings?.map(hiddenSetting);
    const hidden = spec.engine === undefined ? undefined : hidePosition(hideNamed(spec.engine), DATABASE_POSITIONS);
    return { ...spec, ...(hidden !== undefined && { engine: hidden }), ...(settings && { settings }) };
  }
  const query = "query" in spec && outsideFunction(spec.query) ? await shownQuery(engine, spec.query) : undefined;
  const storage = "storage" in spec && spec.storage ? await hiddenStorage(engine, spec.storage) : undefined;
  const as = "as" in spec && spec.as ? await hiddenSource(engine, spec.as.text) : undefined;
  return {
    ...spec,
    ...(query !== undefined && { query }),
    ...(storage !== undefined && { storage }),
    ...(as !== undefined && "as" in spec && spec.as && { as: { ...spec.as, text: as } }),
  };
}

async function hiddenStorage(engine: Connection, storage: StorageSpec): Promise<StorageSpec> {
  const settings = storage.settings.map(hiddenSetting);
  const written = storage.engine;
  if (!written?.includes("(")) return { ...storage, settings };
  const name = nameOf(written);
  const key = name.toLowerCase();
  const called = SAME_AS[key] ?? FUNCTIONS.find((one) => one.toLowerCase() === key);
  const plain = hidePosition(hideNamed(written), TABLE_POSITIONS);
  if (called === undefined) return { ...storage, engine: plain, settings };
  const shown = await hiddenSource(engine, called + plain.slice(plain.indexOf("(")));
  return { ...storage, engine: name + shown.slice(shown.indexOf("(")), settings };
}

/** A table function as the engine shows it. */
async function hiddenSource(engine: Connection, call: string): Promise<string> {
  return (await shownQuery(engine, `SELECT * FROM ${call}`)).replace(/^SELECT \*\s+FROM\s+/, "");
}

async function shownQuery(engine: Connection, query: string): Promise<string> {
  // Only the server knows the macro for a cluster's name; any name will do here.
  const named = query.replace(/'\{(\w+)\}'/g, "'_macro_$1_'");
  await engine.command(`CREATE OR REPLACE VIEW ${TRIAL} (\`x\` UInt8) AS ${named}`);
  const [row] = await engine.query<{ statement: string }>(`SHOW CREATE TABLE ${TRIAL}`);
  const shown = parseCreate(row?.statement ?? "");
  return "query" in shown ? shown.query.replace(/'_macro_(\w+)_'/g, "'{$1}'") : query;
}

function hiddenSetting(setting: SettingSpec): SettingSpec {
  const { name, value } = setting;
  // The engine shows only the type of a disk.
  if (isInlineDisk(setting)) return { name, value: hideNamed(value, /^(?!type$)/i) };
  if (SECRET.test(name)) return { name, value: HIDDEN };
  return { name, value: value.replace(/(:\/\/[^:@/']*:)[^@']*@/g, "$1[HIDDEN]@") };
}

/** Hides literals that are given by name. */
function hideNamed(call: string, secret = SECRET): string {
  const tokens = lex(call).filter(({ kind }) => kind !== "comment");
  let hidden = "";
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    const name = tokens[index - 2]?.text ?? "";
    const isValue = tokens[index - 1]?.text === "=" && tokens[index + 1]?.text !== "(";
    if (!isValue || !secret.test(name)) continue;
    hidden += call.slice(from, token.start) + HIDDEN;
    from = token.end;
  }
  return hidden + call.slice(from);
}

function hidePosition(call: string, positions: Readonly<Record<string, number>>): string {
  const name = nameOf(call);
  const position = positions[name.toLowerCase()];
  const open = call.indexOf("(");
  if (position === undefined || open === -1) return call;
  const args = splitArguments(call.slice(open + 1, call.lastIndexOf(")")));
  if (!args[position]?.startsWith("'")) return call;
  return `${name}(${args.map((arg, index) => (index === position ? HIDDEN : arg)).join(", ")})`;
}

function nameOf(call: string): string {
  return /^\s*(\w+)/.exec(call)?.[1] ?? call;
}
