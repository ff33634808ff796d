import { dropServerDefaults, normalizeShown } from "../../provider/src/canonical/normal-form";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { openScratch } from "../../provider/src/connection/scratch";
import { type Finding, type LintOverrides, lintObject } from "../../provider/src/lint";
import { splitStatements } from "../../provider/src/sql/fragments";
import { quoteIdentifier } from "../../provider/src/sql/identifiers";
import { isInNoDatabase, keyOf, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectSpec } from "../../provider/src/sql/spec";

/** A script's objects as an embedded engine has them. */
export class LintBench {
  readonly engine: Connection;
  readonly objects = new Map<string, ObjectSpec>();
  /** What the engine said where it refused a statement, by its object's key. */
  readonly refused = new Map<string, ServerError>();
  private readonly outputs = new Map<string, readonly { name: string; type: string }[]>();

  constructor(engine: Connection) {
    this.engine = engine;
  }

  static async open(): Promise<LintBench> {
    return new LintBench(await openScratch());
  }

  /** Runs every statement of a script; what creates an object is kept in canonical form, or as written where it is refused. */
  async run(script: string): Promise<void> {
    for (const { sql } of splitStatements(script)) {
      if (!/^CREATE/i.test(sql)) {
        await this.engine.command(sql);
        continue;
      }
      const declared = parseCreate(sql);
      if (isInNoDatabase(keyOf(declared)) && declared.kind !== "sqlFunction") {
        this.add(declared);
        continue;
      }
      try {
        await this.engine.command(runnable(declared, sql));
        const isPopulated = declared.kind === "materializedView" && declared.populate === true;
        this.add(isPopulated ? declared : await this.show(declared));
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        this.refused.set(keyOf(declared), error);
        this.add(declared);
      }
      await this.describe(keyOf(declared));
    }
  }

  add(spec: ObjectSpec): void {
    this.objects.set(keyOf(spec), spec);
  }

  /** Asks for the types of a view's query. */
  async describe(key: string): Promise<void> {
    const spec = this.objects.get(key);
    if (spec === undefined || !("query" in spec)) return;
    const rows = await this.engine.query<{ name: string; type: string }>(`DESCRIBE (${spec.query})`).catch(() => []);
    if (rows.length > 0) this.outputs.set(spec.query, rows);
  }

  /** Findings for one object. */
  lint(key: string, overrides?: LintOverrides): Finding[] {
    const spec = this.objects.get(key);
    if (spec === undefined) throw new Error(`${key} was not declared`);
    const catalog = {
      find: (name: string): ObjectSpec | undefined => this.objects.get(name),
      stands: (name: string): boolean => this.objects.has(name),
      types: (query: string): readonly { name: string; type: string }[] | undefined => this.outputs.get(query),
    };
    return lintObject(spec, catalog, overrides);
  }

  /** Findings for all objects. */
  lintAll(): Finding[] {
    return [...this.objects.keys()].flatMap((key) => this.lint(key));
  }

  /** Forgets all objects. */
  async clear(): Promise<void> {
    const keys = [...this.objects.keys()];
    for (const key of keys.filter((one) => this.objects.get(one)?.kind === "sqlFunction"))
      await this.engine.command(`DROP FUNCTION IF EXISTS ${quotedName(key)}`);
    for (const database of new Set(keys.filter((key) => !isInNoDatabase(key)).map((key) => key.split("\0")[0] ?? ""))) {
      await this.engine.command(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} SYNC`);
    }
    this.objects.clear();
    this.refused.clear();
    this.outputs.clear();
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private async show(declared: ObjectSpec): Promise<ObjectSpec> {
    if (declared.kind === "sqlFunction") return declared;
    const what = declared.kind === "database" ? "DATABASE" : "TABLE";
    const [row] = await this.engine.query<{ statement: string }>(`SHOW CREATE ${what} ${quotedName(keyOf(declared))}`);
    return normalizeShown(dropServerDefaults(parseCreate(row?.statement ?? ""), declared));
  }
}

/** A refreshable view must not run while it is linted. */
function runnable(spec: ObjectSpec, sql: string): string {
  return spec.kind === "materializedView" && spec.refresh !== undefined ? renderCreate({ ...spec, empty: true }) : sql;
}
