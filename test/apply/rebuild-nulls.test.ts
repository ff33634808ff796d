import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { openConnection } from "../../provider/src/connection/open";
import { startServer } from "../support/server";
import { testedVersions } from "../support/versions";

const TYPES = [
  "Nullable(String)",
  "LowCardinality(Nullable(String))",
  "Nullable(FixedString(3))",
  "Nullable(Enum8('a' = 1, 'b' = 2))",
  "Nullable(DateTime64(3))",
  "Nullable(UUID)",
  "Nullable(Decimal(12, 2))",
  "Nullable(Float64)",
  "Array(Nullable(String))",
  "Map(String, Nullable(UInt8))",
  "Tuple(x Nullable(String), y UInt8)",
  "SimpleAggregateFunction(any, Nullable(String))",
];

// The oldest server refuses to hash what holds NULL.
for (const version of testedVersions(["24.8", "25.8"])) {
  describe(`a rebuild on a real ${version}`, function () {
    this.timeout(120_000);

    it("copies and compares NULL in columns of every type that can hold it", async () => {
      const server = await startServer({ version });
      const connection = await openConnection({ url: server.url });
      try {
        await connection.command("CREATE DATABASE n");
        const columns = TYPES.map((type, index) => `c${index} ${type}`).join(", ");
        await connection.command(`CREATE TABLE n.t (k UInt8, ${columns}) ENGINE = MergeTree ORDER BY k`);
        await connection.command("INSERT INTO n.t (k) VALUES (1)");
        const random = columns.replace(/SimpleAggregateFunction\(any, ([^)]*\))\)/, "$1").replaceAll("'", "\\'");
        await connection.command(`INSERT INTO n.t SELECT 2, * FROM generateRandom('${random}', 1, 5, 3) LIMIT 200`);
        const [table] = await connection.query<{ text: string }>(
          "SELECT create_table_query AS text FROM system.tables WHERE database = 'n' AND name = 't'",
        );
        const from = table?.text ?? "";
        const to = from.replace("ORDER BY k", "ORDER BY (k, length(c8))");
        const rows = () => connection.query("SELECT * FROM n.t ORDER BY ALL");
        const before = await rows();
        await rebuildTable(connection, { from, to, operation: newOperation() });
        assert.equal(before.length, 201);
        assert.deepEqual(await rows(), before);
      } finally {
        await connection.close();
        await server.stop();
      }
    });
  });
}
