import { mapColumns } from "../apply/rebuild/columns";
import { rewrite } from "../apply/rename";
import { kindOf } from "../kinds";
import { Runner } from "../operation/runner";
import type { RebuildStep, RenameStep, Step, ViewStep } from "../plan";
import { backtick, qualifiedName } from "../sql/identifiers";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectSpec, QualifiedName } from "../sql/spec";
import type { Stage } from "./stage";

/** Name of the working table beside an object. */
const ASIDE = "_rehearsed";

/** Reaches what a protocol leaves, without its gate and its journal: nobody inserts here. @throws {ServerError} with the engine's words. */
export function playProtocol(stage: Stage, step: Exclude<Step, { readonly kind: "statement" }>): Promise<void> {
  switch (step.kind) {
    case "rebuild":
      return rebuild(stage, step);
    case "rename":
      return rename(stage, step);
    default:
      return replaceView(stage, step);
  }
}

/** DROP, as it is run when the server has been asked for readers. */
export async function dropObject(stage: Stage, spec: ObjectSpec): Promise<void> {
  const { dropWord } = kindOf(spec.kind);
  const sync = "database" in spec || spec.kind === "database" ? " SYNC" : "";
  const unchecked =
    "database" in spec ? " SETTINGS check_table_dependencies = 0, check_referential_table_dependencies = 0" : "";
  await stage.engine.command(`DROP ${dropWord} ${quotedName(keyOf(spec))}${sync}${unchecked}`);
}

async function rebuild(stage: Stage, { from, holdsRows, renamedColumns, to }: RebuildStep): Promise<void> {
  if (!holdsRows) {
    await dropObject(stage, to);
    await stage.host(to);
    return;
  }
  const aside = { ...to, name: `${to.name}${ASIDE}` };
  await stage.host(aside);
  const { columns, values } = await mapColumns(new Runner(stage.engine, "rehearsal"), from, aside, renamedColumns);
  await stage.engine.command(
    `INSERT INTO ${qualifiedName(aside)} (${columns}) SELECT ${values} FROM ${qualifiedName(to)}`,
  );
  await stage.engine.command(`EXCHANGE TABLES ${qualifiedName(to)} AND ${qualifiedName(aside)}`);
  await dropObject(stage, aside);
}

async function rename(stage: Stage, { from, object, sql, to }: RenameStep): Promise<void> {
  await stage.engine.command(sql);
  const keyOfName = ({ database, name }: RenameStep["from"]): string => objectKey(database, name);
  stage.move(keyOfName(from), keyOfName(to));
  const renamed = (name: RenameStep["from"]) =>
    name.name === undefined ? { database: name.database } : { database: name.database, name: name.name };
  const renaming = { object, from: renamed(from), to: renamed(to) };
  for (const { engine, statement } of await stage.relations()) {
    if (!/^(?:View|MaterializedView|Dictionary)$/.test(engine)) continue;
    const { text } = rewrite(statement, renaming);
    if (text !== statement) await recreate(stage, parseCreate(statement), parseCreate(text));
  }
}

/** What only reads is made anew; rows of a view's own table stay in it. */
async function recreate(stage: Stage, from: ObjectSpec, to: ObjectSpec): Promise<void> {
  if (from.kind === "materializedView" && from.to === undefined && to.kind === "materializedView") {
    await stage.engine.command(`ALTER TABLE ${quotedName(keyOf(from))} MODIFY QUERY ${to.query}`);
    return;
  }
  await dropObject(stage, from);
  await stage.host(to);
}

/** The rows of an inner table move to what the view writes to afterwards. */
async function replaceView(stage: Stage, { from, to }: ViewStep): Promise<void> {
  const { engine } = stage;
  const aside = qualifiedName({ database: to.database, name: `${to.name}${ASIDE}` });
  const names = from.to === undefined ? await stage.columnsOf(keyOf(from)) : [];
  if (names.length > 0)
    await engine.command(`CREATE TABLE ${aside} ENGINE = Memory AS SELECT * FROM ${qualifiedName(from)}`);
  await dropObject(stage, from);
  await stage.host(to);
  if (names.length === 0) return;
  const target: QualifiedName = to.to ?? to;
  const own = new Set((await stage.columnsOf(objectKey(target.database, target.name))).map(({ name }) => name));
  const list = names.flatMap(({ name }) => (own.has(name) ? [backtick(name)] : [])).join(", ");
  if (list !== "") await engine.command(`INSERT INTO ${qualifiedName(target)} (${list}) SELECT ${list} FROM ${aside}`);
  await engine.command(`DROP TABLE ${aside} SYNC`);
}
