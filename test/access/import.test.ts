import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import type { Version } from "../support/server";
import { AccessRig } from "./rig";

interface Imported {
  readonly type: string;
  readonly inputs: Record<string, string>;
  readonly outputs: Record<string, string>;
}

for (const version of ["25.8", "24.8"] as const satisfies readonly Version[]) {
  describe(`import of grants from a server of ${version}`, function () {
    this.timeout(120_000);
    let rig: AccessRig;

    before(async () => {
      rig = await AccessRig.start(version);
    });

    after(() => rig?.stop());

    it("writes all that users and roles may do, with what it names, so that the next preview is empty", async () => {
      await rig.run(
        "CREATE ROLE reader",
        "CREATE ROLE `odd one`",
        "CREATE USER alice",
        "CREATE USER bob",
        "CREATE USER idle",
        "GRANT SELECT ON *.* TO reader",
        "REVOKE SELECT ON d.* FROM reader",
        "GRANT SELECT(id) ON d.orders TO reader",
        "GRANT ALL ON d.* TO `odd one` WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR INSERT ON d.orders FROM `odd one`",
        "GRANT reader, `odd one` TO alice",
        "GRANT `odd one` TO bob WITH ADMIN OPTION",
        "ALTER USER alice DEFAULT ROLE reader",
      );
      const out = mkdtempSync(path.join(tmpdir(), "import-grants-"));
      const quiet = { out: () => undefined, error: (text: string) => assert.fail(text) };
      assert.equal(await importServer({ url: rig.server.url, out, access: true }, quiet), 0);
      const text = readFileSync(path.join(out, "access.ts"), "utf8");
      const { resources } = JSON.parse(readFileSync(path.join(out, "import.json"), "utf8")) as {
        resources: Imported[];
      };
      rmSync(out, { recursive: true });
      assert.match(
        text,
        /new Grants\("alice", \{\s*to: alice,\s*privileges: \[\],\s*roles: \[\w+, reader\],\s*defaultRoles: \[reader\],?\s*\}/,
      );
      assert.match(text, /new Grants\("bob", \{\s*to: bob,[\s\S]*?roles: \[\{ role: \w+, adminOption: true \}\]/);
      assert.match(
        text,
        /privileges: \["SELECT ON \*\.\*", "SELECT\(id\) ON d\.orders"\],\s*except: \["SELECT ON d\.\*"\]/,
      );
      assert.match(text, /new Grants\("odd_one", \{\s*to: oddOne,/);
      assert.doesNotMatch(text, /new Grants\("(?:idle|default)"/);
      const grants = resources.filter(({ type }) => type.endsWith("clickhouse:Grants"));
      assert.deepEqual(
        grants.map(({ inputs }) => inputs["name"]),
        ["alice", "bob", "odd one", "reader"],
      );
      for (const { inputs, outputs } of grants) {
        const name = String(inputs["name"]);
        const read = await rig.using((provider) => provider.of("grants").read(name, outputs));
        assert.equal(read.inputs, undefined, `a refresh of ${name} finds drift`);
      }
      // The code says what the server says, also where a narrower right stands inside of what is taken out of a wider one.
      const code = { privileges: ["SELECT ON *.*", "SELECT(id) ON d.orders"], except: ["SELECT ON d.*"], roles: [] };
      const olds = grants.find(({ inputs }) => inputs["name"] === "reader")?.outputs ?? {};
      const again = await rig.using((provider) =>
        provider.check("grants", { name: "reader", args: code, olds: { ...olds } }),
      );
      assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
    });
  });
}
