import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { hidesDefaults } from "../../provider/src/pulumi/policy-defaults";
import { parseCreate } from "../../provider/src/sql/parse";
import type { TableSpec } from "../../provider/src/sql/spec";
import { sharedServer } from "../support/server";

const TABLE = parseCreate(
  "CREATE TABLE d.t (id UInt64, `a b` UInt8, tenant String, region String DEFAULT 'eu') ENGINE = MergeTree ORDER BY id",
) as TableSpec;

const HIDES = [
  "tenant = 'a'",
  "tenant = 'a' AND id > 0",
  "(id > 0) AND (lower(tenant) IN ('a', 'b'))",
  "tenant LIKE 'a%' AND NOT id",
  "`a b` = 1 AND tenant = 'a'",
];
const MAY_SHOW = [
  "tenant != 'b'",
  "tenant = 'a' OR id > 0",
  "tenant = ''",
  "NOT (tenant = 'a')",
  "id > 0",
  "isNotNull(id) AND tenant = 'a'",
  "tenant = currentUser()",
  "region = 'eu'",
];

describe("a condition of a row policy, while a column of it is renamed", () => {
  let connection: Connection;

  before(async () => {
    connection = await openConnection({ url: (await sharedServer()).url });
  });
  after(() => connection.close());

  for (const using of HIDES)
    it(`hides rows that read its default: ${using}`, async () => {
      assert.equal(await hidesDefaults(connection, using, TABLE, [{ name: "tenant" }]), true);
    });
  for (const using of MAY_SHOW)
    it(`may show such rows: ${using}`, async () => {
      assert.equal(await hidesDefaults(connection, using, TABLE, [{ name: "tenant" }, { name: "region" }]), false);
    });
});
