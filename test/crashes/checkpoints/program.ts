/** Two programs over one database. To go from one to the other is every kind of change at once. */

export type Side = "A" | "B";

/** Tables that are only in one of the programs: those of the other are removed, and its own created. */
const COMING = 4;

/**
 * @param database name on the server.
 * @param side which program.
 */
export function programOf(database: string, side: Side): string {
  const [b, tables] = [side === "B", `"${side.toLowerCase()}_" + i`];
  return `
const db = new clickhouse.Database("db", { name: "${database}" });
const two = { a: "UInt64", b: "String" };
const kept = new clickhouse.Table("changed", {
  database: db, orderBy: "a", allow: ["drops-data"], comment: "${side}",
  columns: { ...two${b ? ', c: { type: "UInt8", default: "1" }' : ""} },
});
new clickhouse.Table("rebuilt", { database: db, columns: two, orderBy: ${b ? '["b", "a"]' : '["a"]'} });
new clickhouse.Table("moved", { name: "moved_${side}", database: db, columns: two, orderBy: "a" });
const target = new clickhouse.Table("target", {
  database: db, columns: { a: "UInt64", n: "SimpleAggregateFunction(sum, UInt64)" }, orderBy: "a", engine: "AggregatingMergeTree",
});
new clickhouse.MaterializedView("filling", {
  database: db, to: target, query: sql\`SELECT a % ${b ? 20 : 10} AS a, count() AS n FROM \${kept} GROUP BY a\`,
});
new clickhouse.View("seen", { database: db, query: sql\`SELECT a${b ? ", b" : ""} FROM \${kept}\` });
for (let i = 0; i < ${COMING}; i++) {
  new clickhouse.Table(${tables}, { database: db, columns: two, orderBy: "a", deletion: "drop" });
}
`;
}

/** Names on the server. */
export function namesOf(side: Side): string[] {
  const own = Array.from({ length: COMING }, (_, i) => `${side.toLowerCase()}_${i}`);
  return ["changed", "filling", `moved_${side}`, "rebuilt", "seen", "target", ...own].sort();
}

/** Tables whose rows stay, by their names in the program. */
export function rowsOf(side: Side): string[] {
  return ["changed", "rebuilt", `moved_${side}`, "target"];
}

/** What tells one program's objects from the other's: a query, and its answer. */
export function signsOf(database: string, side: Side): [query: string, answer: string] {
  const b = side === "B";
  const query = `SELECT
    (SELECT sorting_key FROM system.tables WHERE database = '${database}' AND name = 'rebuilt'),
    (SELECT comment FROM system.tables WHERE database = '${database}' AND name = 'changed'),
    (SELECT count() FROM system.columns WHERE database = '${database}' AND table = 'changed'),
    (SELECT count() FROM system.columns WHERE database = '${database}' AND table = 'seen'),
    (SELECT position(as_select, '20') > 0 FROM system.tables WHERE database = '${database}' AND name = 'filling')
    FORMAT TSV`;
  return [query, [b ? "b, a" : "a", side, b ? 3 : 2, b ? 2 : 1, b ? 1 : 0].join("\t")];
}
