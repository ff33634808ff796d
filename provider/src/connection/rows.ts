/** Parses a JSONEachRow answer. */
export function parseRows<Row extends object>(text: string): Row[] {
  const rows: Row[] = [];
  for (const line of text.split("\n")) {
    if (line !== "") rows.push(JSON.parse(line) as Row);
  }
  return rows;
}

/**
 * One INSERT with its rows.
 *
 * @param table quoted, qualified name.
 * @param rows bigint values are sent as strings, which ClickHouse accepts for every integer type.
 */
export function insertStatement(table: string, rows: readonly object[]): string {
  const data = rows.map((row) => JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
  return `INSERT INTO ${table} FORMAT JSONEachRow\n${data.join("\n")}`;
}
