import fc from "fast-check";

/** What the views of {@link viewPairs} read and write. */
export const VIEW_SOURCES: readonly string[] = [
  "CREATE TABLE p.s (a UInt64, b String, `c d` UInt32) ENGINE = MergeTree ORDER BY a",
  "CREATE TABLE p.s2 (a UInt64, b String, `c d` UInt32) ENGINE = MergeTree ORDER BY a",
  "CREATE TABLE p.g (a UInt64, b String, `c d` UInt32, n UInt64) ENGINE = MergeTree ORDER BY a",
  "CREATE TABLE p.g2 (a UInt64, b String, `c d` UInt32, n UInt64) ENGINE = MergeTree ORDER BY a",
];

const query = fc
  .record({
    columns: fc.subarray(["a", "b", "`c d`", "a + 1 AS n", "length(b) AS n2"], { minLength: 1 }),
    source: fc.constantFrom("p.s", "p.s2"),
    where: fc.constantFrom("", " WHERE a > 1", " WHERE b = 'it''s'"),
  })
  .map(({ columns, source, where }) => ({ columns, source, where }));

const tail = fc.record({ security: fc.boolean(), comment: fc.constantFrom("", "one", "it''s") });

const ordinary = fc
  .record({ query, tail })
  .map(({ query: { columns, source, where }, tail: { security, comment } }) => {
    return `CREATE VIEW p.v${security ? " SQL SECURITY INVOKER" : ""}${commented(comment)} AS SELECT ${columns.join(", ")} FROM ${source}${where}`;
  });

const materialized = fc
  .record({
    query,
    tail,
    refresh: fc.constantFrom("", "", "EVERY 1 YEAR", "AFTER 2 YEAR", "EVERY 1 YEAR APPEND"),
    target: fc.constantFrom("p.g", "p.g", "p.g", "p.g2"),
    columnComment: fc.constantFrom("", "", "x", "y"),
  })
  .map(({ query: { columns, source, where }, tail: { comment }, refresh, target, columnComment }) => {
    const outputs = columns.filter((column) => !column.endsWith("n2"));
    const chosen = outputs.length === 0 ? ["a"] : outputs;
    const list = chosen.map((column, index) => declare(column, index === 0 ? columnComment : "")).join(", ");
    const schedule = refresh === "" ? "" : `REFRESH ${refresh} `;
    const empty = refresh === "" ? "" : " EMPTY";
    return `CREATE MATERIALIZED VIEW p.v ${schedule}TO ${target} (${list})${empty}${commented(comment)} AS SELECT ${chosen.join(", ")} FROM ${source}${where}`;
  });

/** Two views of one kind, as CREATE statements. */
export const viewPairs: fc.Arbitrary<{ readonly from: string; readonly to: string }> = fc.oneof(
  fc.record({ from: ordinary, to: ordinary }),
  fc.record({ from: materialized, to: materialized }),
);

function commented(comment: string): string {
  return comment === "" ? "" : ` COMMENT '${comment}'`;
}

function declare(column: string, comment: string): string {
  const name = column.split(" AS ").at(-1) ?? column;
  const type = name === "b" ? "String" : name === "`c d`" ? "UInt32" : "UInt64";
  return `${name} ${type}${commented(comment)}`;
}
