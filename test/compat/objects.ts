import { kindOf } from "../../provider/src/kinds";
import { keyOf, keyParts, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import { send, serverFor } from "../generate/servers";
import { type Declared, Stage } from "../generate/stage";
import { type Group, ownGroups } from "../generate/statements";
import { urnOf } from "../support/provider";
import type { Version } from "../support/server";
import { judge, type Suite, type Verdict } from "./verdict";

/** What the engine inside that package cannot run, though the release can; each seen there. */
const LIMITS_OF_PACKAGES: readonly { version: Version; statement: RegExp; problem: string }[] = [
  { version: "26.3", statement: /^CREATE NAMED COLLECTION/, problem: "the statement never returns" },
  {
    version: "26.3",
    statement: / TYPE text\b|^CREATE TABLE expressions_ordinary\./,
    problem:
      "the table cannot be dropped, being of an Ordinary database or with a text index: the engine has no cache for it",
  },
];

/** Every object of `test/generate/statements`, declared as plain SQL: made, asked again, refreshed. What the server itself refuses is left out. */
export const objects: Suite = async (version, tell, words) => {
  for (const group of ownGroups()) {
    if (words.length > 0 && !words.includes(group.name)) continue;
    try {
      await tryGroup(version, group, tell);
    } catch (error) {
      // The server is gone, or cannot undo what the suite tried; the next group has a server of its own.
      const problem = error instanceof Error ? error.message : String(error);
      tell({ name: `the rest of the group ${group.name}`, result: "failed", problem });
    }
  }
};

async function tryGroup(version: Version, group: Group, tell: (verdict: Verdict) => void): Promise<void> {
  const server = await serverFor(group, version);
  let stage = new Stage(server.url);
  const dependsOn: string[] = [];
  try {
    for (const { sql, settings } of group.statements) {
      const limit = LIMITS_OF_PACKAGES.find((one) => one.version === version && one.statement.test(sql));
      if (limit !== undefined) {
        tell({ name: sql, result: "left out", problem: limit.problem });
        continue;
      }
      const spec = settings === undefined ? declarable(sql) : undefined;
      if (spec === undefined) {
        await send(server.url, sql, { ...(settings && { settings }) });
        // What a process has read of functions it keeps.
        if (/^CREATE FUNCTION/.test(sql)) {
          await stage.close();
          stage = new Stage(server.url);
        }
        continue;
      }
      // Whether the version can make it at all: then it goes again, and is the provider's to make.
      const unable = await send(server.url, sql);
      if (unable !== undefined) continue;
      await drop(server.url, spec);
      const one = declared(spec, sql, dependsOn);
      const verdict = await judge(quotedName(one.key), (at) => tryObject(stage, one, at));
      if (verdict.result === "ok") dependsOn.push(one.urn);
      else await send(server.url, sql);
      tell(verdict);
    }
  } finally {
    await stage.close();
    await server.stop();
  }
}

async function tryObject(stage: Stage, one: Declared, at: (step: string) => void): Promise<void> {
  at("preview");
  await stage.check(one, {});
  at("create");
  const { inputs, outs } = await stage.create(one);
  at("preview again");
  const changes = await stage.changes(one, inputs, outs);
  if (changes !== undefined) throw new Error(changes);
  at("refresh");
  const drift = await stage.drift(one, outs);
  if (drift !== undefined) throw new Error(drift);
}

/** The object that a statement makes; none where it changes one, or makes what this package does not manage. */
export function declarable(sql: string): ObjectSpec | undefined {
  if (/^ALTER/.test(sql)) return undefined;
  try {
    return parseCreate(sql);
  } catch {
    return undefined;
  }
}

export function declared(spec: ObjectSpec, sql: string, dependsOn: readonly string[]): Declared {
  const key = keyOf(spec);
  const { database, name = database } = keyParts(key);
  const urn = urnOf(spec.kind, name, spec.kind === "database" ? "" : database);
  return { key, kind: spec.kind, type: "", urn, args: { sql }, dependsOn: [...dependsOn] };
}

async function drop(url: string, spec: ObjectSpec): Promise<void> {
  const name = quotedName(keyOf(spec));
  const { dropWord, scope } = kindOf(spec.kind);
  const statement = `DROP ${dropWord === "VIEW" ? "TABLE" : dropWord} ${name}${scope === "server" ? "" : " SYNC"}`;
  const problem = await send(url, statement);
  if (problem !== undefined) throw new Error(`${statement}: ${problem}`);
}
