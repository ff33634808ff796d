import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { evaluate } from "../../provider/src/code/value";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { diffAsWritten } from "../../provider/src/drift/as-written";
import { findDrift } from "../../provider/src/drift/drift";
import { generateProgram } from "../../provider/src/generate";
import { declare } from "../../provider/src/generate/declared";
import { introspectServer } from "../../provider/src/introspect/server";
import { KINDS } from "../../provider/src/kinds";
import { codeOf } from "../../provider/src/kinds/object";
import { isWorkingTable } from "../../provider/src/operation/names";
import { OPEN_USERS } from "../../provider/src/server/users";
import { OBJECT_KINDS } from "../../provider/src/sql/kinds";
import { keyNamed, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { TestProvider } from "../support/provider";
import { startServer } from "../support/server";
import { CASES } from "./cases";

interface Engine {
  readonly url: string;
  stop(): Promise<void>;
}

const ENGINES: readonly (readonly [where: string, open: () => Promise<Engine>, version: string])[] = [
  ["the embedded engine", embedded, "26.7"],
  ["a server of 25.8", () => startServer({ version: "25.8", users: OPEN_USERS }), "25.8"],
  ["a server of 24.8", () => startServer({ version: "24.8", users: OPEN_USERS }), "24.8"],
];

async function embedded(): Promise<Engine> {
  const folder = mkdtempSync(path.join(tmpdir(), "kinds-"));
  return { url: `chdb://${folder}`, stop: async () => rmSync(folder, { recursive: true, force: true }) };
}

for (const [where, open, version] of ENGINES) {
  describe(`the contract of every kind, on ${where}`, function () {
    this.timeout(180_000);
    let engine: Engine;

    before(async () => {
      engine = await open();
    });

    after(() => engine?.stop());

    const byHand = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
      const connection = await openConnection({ url: engine.url });
      return work(connection).finally(() => connection.close());
    };

    for (const kind of OBJECT_KINDS) {
      const {
        name: given,
        setup = [],
        args,
        alters,
        changed,
        fixedOn = {},
        noneOn = {},
        secrets,
        isImported = true,
      } = CASES[kind];
      const [fixed, none] = [fixedOn[version], noneOn[version]];
      const { scope } = KINDS[kind];
      const d = `d_${kind.toLowerCase()}`;
      const name = given?.replaceAll("{d}", d) ?? (scope === "itself" ? `${d}_own` : `${d}_o`);
      const key = keyNamed(kind, d, name);
      const filled = <T>(value: T): T =>
        JSON.parse(JSON.stringify(value).replaceAll("{d}", d).replaceAll("{o}", quotedName(key)));
      const request = (given: object, olds?: object) => ({
        name,
        args: filled(given),
        ...(scope === "database" && { database: d }),
        ...(secrets !== undefined && { secrets }),
        ...(olds && { olds: { ...olds } }),
      });
      /** Work of one process of the provider. */
      const using = async <T>(work: (provider: TestProvider) => Promise<T>): Promise<T> => {
        const provider = new TestProvider({ "clickhouse:url": engine.url });
        return work(provider).finally(() => provider.close());
      };
      const storedOf = (outs: Record<string, unknown>) => ({
        urn: `urn:pulumi:s::p::pulumi-nodejs:dynamic/clickhouse:${KINDS[kind].type}::${name}`,
        kind,
        provider: "default",
        key,
        statement: String(outs["statement"]),
        secret: false,
        observed: String(outs["__observed"]),
      });

      if (none !== undefined) {
        it(`${KINDS[kind].word}: is refused at preview`, async () => {
          await byHand(async (connection) => {
            await connection.command(`CREATE DATABASE ${d}`);
            for (const sql of setup.filter((one) => one.startsWith("CREATE TABLE")))
              await connection.command(filled(sql));
          });
          await using(async (provider) => {
            const { failures } = await provider.check(kind, request(args));
            assert.match(failures.join("\n"), none);
          });
        });
        continue;
      }

      it(`${KINDS[kind].word}: arguments → create → read → equal → second plan empty → drift → code and back → change → drop`, async () => {
        await byHand(async (connection) => {
          await connection.command(`CREATE DATABASE ${d}`);
          for (const statement of setup) await connection.command(filled(statement));
        });
        const outs = await using(async (provider) => {
          const { inputs = {}, failures } = await provider.check(kind, request(args));
          assert.deepEqual(failures, []);
          return (await provider.of(kind).create(inputs)).outs ?? {};
        });
        await using(async (provider) => {
          const read = await provider.of(kind).read(String(outs["qualifiedName"]), outs);
          assert.equal(read.inputs, undefined, "a refresh finds drift");
          const again = await provider.check(kind, request(args, outs));
          assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
          assert.equal(again.inputs?.["statement"], outs["statement"]);
        });
        await byHand(async (connection) => {
          const drift = await findDrift(connection, [{ ...storedOf(outs), observed: "" }]);
          assert.deepEqual(
            drift.objects.map(({ status }) => status),
            ["in-sync"],
          );
          if (isImported) await codeAndBack(connection, kind, key);
        });
        for (const [statement, differs] of fixed === undefined ? alters : []) {
          await byHand((connection) => connection.command(filled(statement)));
          const found = await byHand((connection) => findDrift(connection, [storedOf(outs)]));
          assert.ok(found.objects[0]?.differs.includes(differs), `${statement}: ${JSON.stringify(found.objects[0])}`);
        }
        await using(async (provider) => {
          const { inputs = {}, failures } = await provider.check(kind, request(changed[0], outs));
          if (fixed !== undefined) return assert.match(failures.join("\n"), fixed);
          assert.deepEqual(failures, []);
          assert.match(String(inputs["plan"]), changed[1]);
          const { outs: now = {} } = await provider.of(kind).update(String(outs["qualifiedName"]), outs, inputs);
          const read = await provider.of(kind).read(String(now["qualifiedName"]), now);
          assert.equal(read.inputs, undefined, "a refresh finds drift after the change");
        });
        await using((provider) => provider.of(kind).delete(name, { ...outs, deletion: "drop" }));
        await using(async (provider) => {
          const left = await provider.of(kind).read(name, outs);
          if (KINDS[kind].isOf === undefined) return assert.deepEqual(left, {}, "it is still there");
          assert.match(String(left.props?.["statement"]), /\nRIGHTS NONE\nROLES NONE$/);
        });
      });
    }

    /** The program that import writes for an object declares it again. */
    async function codeAndBack(connection: Connection, kind: ObjectKind, key: string): Promise<void> {
      const { managed, unmanaged } = await introspectServer(connection, { access: true });
      const found = managed.find((one) => one.key === key);
      assert.ok(found !== undefined, `not among the managed objects: ${JSON.stringify(unmanaged)}`);
      assert.equal(renderCreate(parseCreate(renderCreate(found.spec))), renderCreate(found.spec));
      const declared = declare(found.spec, evaluate(codeOf(found.spec, true)) as Record<string, unknown>);
      assert.deepEqual(diffAsWritten(found.spec, declared), []);
      const { files } = generateProgram(
        managed.filter((one) => !isWorkingTable(one.key, new Set())).map(({ spec }) => spec),
      );
      const text = [...files.values()].join("\n");
      assert.match(text, new RegExp(`new ${KINDS[kind].type}\\(\\s*"`));
    }
  });
}
