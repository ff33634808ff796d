import { type ChangeRow, table } from "./row";

const source = (name: string, more = ""): string => table(name, `columns: { a: "UInt64" }, orderBy: "a"${more}`);

/** Rows that give objects other names, or views what no ALTER can. */
export const PROTOCOLS: readonly ChangeRow[] = [
  {
    name: "table renamed, with views that read it and write to it",
    before: `${source("p1")} ${source("p1_to")}
      new clickhouse.MaterializedView("p1_mv", { database: db, to: p1_to, query: sql\`SELECT a FROM \${p1}\` });
      new clickhouse.View("p1_v", { database: db, query: sql\`SELECT a FROM \${p1}\` });`,
    after: `${source("p1", ', name: "p1 new"')} ${source("p1_to", ', name: "p1_to_new"')}
      new clickhouse.MaterializedView("p1_mv", { database: db, to: p1_to, query: sql\`SELECT a FROM \${p1}\` });
      new clickhouse.View("p1_v", { database: db, query: sql\`SELECT a FROM \${p1}\` });`,
    rows: ["INSERT INTO e.p1 VALUES (1)"],
    plans: {
      p1: /RENAME TABLE e\.p1 TO e\.`p1 new`/,
      p1_to: /RENAME TABLE e\.p1_to TO e\.p1_to_new/,
      p1_mv: /-- follows the rename/,
      p1_v: /-- follows the rename/,
    },
    later: ["INSERT INTO e.`p1 new` VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e.p1_to_new": "3", "SELECT sum(a) FROM e.p1_v": "3" },
  },
  {
    name: "table moved to another database",
    before: `const other = new clickhouse.Database("e2"); ${source("p2")} ${source("p2_to")}
      new clickhouse.MaterializedView("p2_mv", { database: db, to: p2_to, query: sql\`SELECT a FROM \${p2}\` });`,
    after: `const other = new clickhouse.Database("e2"); ${source("p2").replace("database: db", "database: other")} ${source("p2_to")}
      new clickhouse.MaterializedView("p2_mv", { database: db, to: p2_to, query: sql\`SELECT a FROM \${p2}\` });`,
    rows: ["INSERT INTO e.p2 VALUES (1)"],
    plans: { p2: /RENAME TABLE e\.p2 TO e2\.p2/, p2_mv: /-- follows the rename/ },
    later: ["INSERT INTO e2.p2 VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e.p2_to": "3" },
  },
  {
    name: "database renamed, with tables and views in it",
    before: `const d3 = new clickhouse.Database("e3"); ${source("p3").replace("database: db", "database: d3")}
      ${source("p3_to").replace("database: db", "database: d3")}
      new clickhouse.MaterializedView("p3_mv", { database: d3, to: p3_to, query: sql\`SELECT a FROM \${p3}\` });`,
    after: `const d3 = new clickhouse.Database("e3", { name: "e3_new" }); ${source("p3").replace("database: db", "database: d3")}
      ${source("p3_to").replace("database: db", "database: d3")}
      new clickhouse.MaterializedView("p3_mv", { database: d3, to: p3_to, query: sql\`SELECT a FROM \${p3}\` });`,
    rows: ["INSERT INTO e3.p3 VALUES (1)"],
    plans: { e3: /RENAME DATABASE e3 TO e3_new/, p3: /-- follows the rename/, p3_mv: /-- follows the rename/ },
    later: ["INSERT INTO e3_new.p3 VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e3_new.p3_to": "3" },
  },
  {
    name: "view and materialized view renamed",
    before: `${source("p4")} ${source("p4_to")}
      new clickhouse.MaterializedView("p4_mv", { database: db, to: p4_to, query: sql\`SELECT a FROM \${p4}\` });
      new clickhouse.View("p4_v", { database: db, query: sql\`SELECT a FROM \${p4}\` });`,
    after: `${source("p4")} ${source("p4_to")}
      new clickhouse.MaterializedView("p4_mv", { database: db, name: "p4_mv2", to: p4_to, query: sql\`SELECT a FROM \${p4}\` });
      new clickhouse.View("p4_v", { database: db, name: "p4_v2", query: sql\`SELECT a + 1 AS a FROM \${p4}\` });`,
    plans: {
      p4_mv: /RENAME TABLE e\.p4_mv TO e\.p4_mv2/,
      p4_v: /RENAME TABLE e\.p4_v TO e\.p4_v2[\s\S]*CREATE OR REPLACE VIEW e\.p4_v2/,
    },
    later: ["INSERT INTO e.p4 VALUES (2)"],
    afterwards: { "SELECT sum(a) FROM e.p4_to": "2", "SELECT a FROM e.p4_v2": "3" },
  },
  {
    name: "target of a materialized view changed",
    before: `${source("p5")} ${source("p5_a")} ${source("p5_b")}
      new clickhouse.MaterializedView("p5_mv", { database: db, to: p5_a, query: sql\`SELECT a FROM \${p5}\` });`,
    after: `${source("p5")} ${source("p5_a")} ${source("p5_b")}
      new clickhouse.MaterializedView("p5_mv", { database: db, to: p5_b, query: sql\`SELECT a FROM \${p5}\` });`,
    rows: ["INSERT INTO e.p5 VALUES (1)"],
    plans: { p5_mv: /-- retarget-view e\.p5_mv[\s\S]*-- keeps-old-rows/ },
    later: ["INSERT INTO e.p5 VALUES (2)"],
    afterwards: { "SELECT a FROM e.p5_a": "1", "SELECT a FROM e.p5_b": "2" },
  },
  {
    name: "inner table to explicit target",
    before: `${source("p6")}
      new clickhouse.MaterializedView("p6_mv", { database: db, inner: { orderBy: "a" }, query: sql\`SELECT a FROM \${p6}\` });`,
    after: `${source("p6")} ${source("p6_to")}
      new clickhouse.MaterializedView("p6_mv", { database: db, to: p6_to, query: sql\`SELECT a FROM \${p6}\` });`,
    rows: ["INSERT INTO e.p6 VALUES (1)"],
    creates: ["p6_to"],
    plans: { p6_mv: /-- externalise-view e\.p6_mv/ },
    later: ["INSERT INTO e.p6 VALUES (2)"],
    afterwards: { "SELECT sum(a), count() FROM e.p6_to": "3,2" },
  },
  {
    name: "incremental to refreshable",
    before: `${source("p7")} ${source("p7_to")}
      new clickhouse.MaterializedView("p7_mv", { database: db, to: p7_to, query: sql\`SELECT a FROM \${p7}\` });`,
    after: `${source("p7")} ${source("p7_to")}
      new clickhouse.MaterializedView("p7_mv", { database: db, to: p7_to, refresh: "EVERY 1 YEAR", allow: ["drops-data"], query: sql\`SELECT a FROM \${p7}\` });`,
    rows: ["INSERT INTO e.p7 VALUES (1)"],
    plans: { p7_mv: /-- recreate-view e\.p7_mv[\s\S]*incremental → REFRESH EVERY 1 YEAR/ },
    afterwards: { "SELECT count() FROM system.view_refreshes WHERE database = 'e' AND view = 'p7_mv'": "1" },
  },
  {
    name: "schedule of a refreshable view",
    before: `${source("p8")} ${source("p8_to")}
      new clickhouse.MaterializedView("p8_mv", { database: db, to: p8_to, refresh: "EVERY 1 YEAR", query: sql\`SELECT a FROM \${p8}\` });`,
    after: `${source("p8")} ${source("p8_to")}
      new clickhouse.MaterializedView("p8_mv", { database: db, to: p8_to, refresh: "EVERY 2 YEAR", query: sql\`SELECT a FROM \${p8}\` });`,
    plans: { p8_mv: /MODIFY REFRESH EVERY 2 YEAR/ },
  },
  {
    name: "refreshable to incremental",
    before: `${source("p9")} ${source("p9_to")}
      new clickhouse.MaterializedView("p9_mv", { database: db, to: p9_to, refresh: "EVERY 1 YEAR", query: sql\`SELECT a FROM \${p9}\` });`,
    after: `${source("p9")} ${source("p9_to")}
      new clickhouse.MaterializedView("p9_mv", { database: db, to: p9_to, query: sql\`SELECT a FROM \${p9}\` });`,
    rows: ["INSERT INTO e.p9 VALUES (1)", "SYSTEM REFRESH VIEW e.p9_mv", "SYSTEM WAIT VIEW e.p9_mv"],
    plans: {
      p9_mv:
        /-- recreate-view e\.p9_mv[\s\S]*REFRESH EVERY 1 YEAR → incremental\n-- inserts into what it reads are refused/,
    },
    kept: ["SELECT min(a) FROM e.p9_to"],
    later: ["INSERT INTO e.p9 VALUES (2)"],
    afterwards: { "SELECT a FROM e.p9_to ORDER BY a": "1;2" },
  },
  {
    name: "inner table with another layout, its rows kept",
    before: `${source("p10")}
      new clickhouse.MaterializedView("p10_mv", { database: db, inner: { orderBy: "a" }, query: sql\`SELECT a, a % 3 AS b FROM \${p10}\` });`,
    after: `${source("p10")}
      new clickhouse.MaterializedView("p10_mv", { database: db, inner: { orderBy: ["b", "a"] }, query: sql\`SELECT a, a % 3 AS b FROM \${p10}\` });`,
    rows: ["INSERT INTO e.p10 SELECT number FROM numbers(100)"],
    plans: {
      p10_mv: /-- recreate-view e\.p10_mv[\s\S]*another layout[\s\S]*-- copies-rows: .* into its new inner table/,
    },
    later: ["INSERT INTO e.p10 VALUES (100)"],
    afterwards: {
      "SELECT count(), sum(a) FROM e.p10_mv": "101,5050",
      "SELECT sorting_key FROM system.tables WHERE database = 'e' AND name = '.inner_id.' || (SELECT toString(uuid) FROM system.tables WHERE database = 'e' AND name = 'p10_mv')":
        "b, a",
    },
  },
];
