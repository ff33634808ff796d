/** One row of the README's table "what a change costs": a declaration before and after. */
export interface ChangeRow {
  /** As the table names it. */
  readonly name: string;
  /** JavaScript of the program; `db` is the database, names are the row's own. */
  readonly before: string;
  readonly after: string;
  /** Manual statements between the two, e.g. rows. */
  readonly rows?: readonly string[];
  /** Manual statements afterwards, before the answers are asked for. */
  readonly later?: readonly string[];
  /** Resources that are new. */
  readonly creates?: readonly string[];
  /** What the preview says will run, by resource name. */
  readonly plans: Readonly<Record<string, RegExp>>;
  /** Queries whose answer is the same before and after. */
  readonly kept?: readonly string[];
  /** Queries with their answer afterwards, as `value,value;value`. */
  readonly afterwards?: Readonly<Record<string, string>>;
}

/** A table of the program, without what all rows share. */
export const table = (name: string, args: string): string =>
  `const ${name} = new clickhouse.Table("${name}", { database: db, ${args} });`;
