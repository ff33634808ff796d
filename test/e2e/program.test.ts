import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, namesIn } from "./support";

/** A resource whose output nobody knows before it is created. */
const LATER = `
const later = new pulumi.dynamic.Resource(
  { create: async () => ({ id: "later", outs: { database: "late_db", name: "late", type: "UInt32", comment: "said later", on: "drop" } }) },
  "later", { database: undefined, name: undefined, type: undefined, comment: undefined, on: undefined });
`;

const UNKNOWN_VALUES = `${LATER}
const db = new clickhouse.Database("d");
const lateDb = new clickhouse.Database("late-db", { name: later.database, comment: later.comment });
const columns = { a: "UInt64" };
const named = new clickhouse.Table("named", { database: db, name: later.name, columns, orderBy: "a" });
new clickhouse.Table("inside", { database: lateDb, columns, orderBy: "a" });
const typed = new clickhouse.Table("typed", { database: db, columns: { a: later.type, b: { type: "String", comment: later.comment } }, orderBy: "a" });
new clickhouse.Table("keyed", { database: db, columns: { a: "UInt64", b: "UInt8" }, orderBy: later.name.apply(() => ["a", "b"]), deletion: later.on });
const target = new clickhouse.Table("target", { database: db, columns: { n: "UInt64" }, orderBy: [], engine: "SummingMergeTree", comment: later.comment });
new clickhouse.MaterializedView("from_named", { database: db, to: target, query: sql\`SELECT count() AS n FROM \${named}\` });
new clickhouse.MaterializedView("from_typed", { database: db, to: target, query: sql\`SELECT sum(a) AS n FROM \${typed}\` });
new clickhouse.View("by_sql", { sql: sql\`CREATE VIEW \${db}.by_sql AS SELECT * FROM \${typed}\` });
new clickhouse.View("by_late_sql", { sql: pulumi.interpolate\`CREATE VIEW \${lateDb.name}.by_late_sql AS SELECT \${later.comment.apply((c) => "'" + c + "'")} AS c\` });
`;

const ODD_OUTPUTS = `
class Signal extends pulumi.ComponentResource {
  constructor(name, args, opts) {
    super("e2e:index:Signal", name, {}, opts);
    this.database = new clickhouse.Database(name, {}, { parent: this });
    this.table = new clickhouse.Table(name + "_v1", { database: this.database, columns: args.columns, orderBy: "id" }, { parent: this });
    // The database as parent in place of an argument.
    this.latest = new clickhouse.Table(name + "_v2", { database: name, columns: args.columns, orderBy: "id" }, { parent: this.database });
    this.registerOutputs({});
  }
}
const columns = pulumi.output({ id: "UInt64", s: Promise.resolve("String") }).apply((all) => ({ ...all, at: "DateTime" }));
const logs = new Signal("logs", { columns });
const traces = new Signal("traces", { columns }, { dependsOn: logs });
// Names as texts, sources by dependsOn on the components only.
const out = new clickhouse.Database("out");
new clickhouse.View("joined", { database: "out", query: "SELECT id, l.s FROM logs.logs_v1 AS l INNER JOIN traces.traces_v1 AS t USING id" }, { dependsOn: [out, traces, logs] });
// dependsOn as an Output, and transitively through a view.
new clickhouse.View("again", { database: out, query: "SELECT id FROM logs.logs_v1" }, { dependsOn: pulumi.output([logs]) });
// Whole arguments out of pulumi.all, name and query through apply, the resource itself inside.
const whole = pulumi.all([logs.table.qualifiedName, traces.table.database]).apply(([q, d]) => ({ query: "SELECT count() AS n FROM " + q, d }));
new clickhouse.View("whole", { database: out, name: pulumi.output("who" + "le"), query: whole.query, comment: whole.d });
const perDay = new clickhouse.Table("per_day", { database: out.name.apply((n) => n), columns: [{ name: "n", type: "UInt64" }], orderBy: pulumi.output([]) });
new clickhouse.MaterializedView("per_day_mv", {
  database: pulumi.output(Promise.resolve(out)).apply((db) => db.name),
  to: pulumi.output(perDay).apply((t) => t.qualifiedName),
  query: pulumi.all({ t: logs.table.qualifiedName }).apply(({ t }) => "SELECT count() AS n FROM " + t),
}, { parent: perDay });
`;

describe("values that another resource gives, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ config: { "clickhouse:url": server.url } });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it("may be unknown at preview, anywhere, and are known at up", async () => {
    project.write(UNKNOWN_VALUES);
    const preview = await project.must(["preview", "--diff"]);
    assert.match(preview.text, /13 to create/);
    assertPresentable(preview.text);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(server.url, "d"), [
      "by_sql",
      "from_named",
      "from_typed",
      "keyed",
      "late",
      "target",
      "typed",
    ]);
    assert.deepEqual(await namesIn(server.url, "late_db"), ["by_late_sql", "inside"]);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["destroy", "--yes", "--skip-preview"]);
  });

  it("may come from Outputs and components in any place, without a false complaint about dependencies", async () => {
    project.write(ODD_OUTPUTS);
    await project.must(["preview"]);
    const up = await project.must(["up", "--yes", "--skip-preview"]);
    assertPresentable(up.text);
    assert.deepEqual(await namesIn(server.url, "out"), ["again", "joined", "per_day", "per_day_mv", "whole"]);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["destroy", "--yes", "--skip-preview"]);
  });
});
