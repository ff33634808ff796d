import type { CommonArgs, Input, Named, NamedDatabase } from "./args";

/** One column of a dictionary. */
export interface DictionaryColumnArgs {
  /** ClickHouse type. A change of it needs the readers to take the new one; each is tried at preview. */
  type: Input<string>;
  /** Value for keys that are missing, as SQL, e.g. `'none'`. Default: the type's. */
  default?: Input<string>;
  /** Expression over the source's columns. Default: the source's column of the same name. */
  expression?: Input<string>;
  /** Whether it holds the key of the parent, for `dictGetHierarchy`. Default: false. */
  hierarchical?: Input<boolean>;
  /** Whether different keys have different values, which GROUP BY can use. Default: false. */
  injective?: Input<boolean>;
  /** Whether it is an ObjectID, for MongoDB. Default: false. */
  isObjectId?: Input<boolean>;
}

/** A column of a dictionary in a list. */
export interface NamedDictionaryColumnArgs extends DictionaryColumnArgs {
  /** Column name, unquoted. */
  name: Input<string>;
}

/** A table on this server as the source of a dictionary. */
export interface DictionaryTableArgs {
  /** The table: its resource (which makes it a dependency), or `database.name`. */
  table: Input<string> | Named;
  /** Condition on its rows, without WHERE. Default: all rows. */
  where?: Input<string>;
  /** Query whose result tells whether a reload is needed. Default: each reload reads all rows. */
  invalidateQuery?: Input<string>;
}

/** A query on this server as the source of a dictionary. */
export interface DictionaryQueryArgs {
  /** The query, with all columns of the dictionary in its result. */
  query: Input<string>;
  /** Query whose result tells whether a reload is needed. Default: each reload runs the query. */
  invalidateQuery?: Input<string>;
}

/** The columns with the bounds of a `RANGE_HASHED()` dictionary's rows. */
export interface DictionaryRangeArgs {
  /** Column with the lower bound, unquoted. */
  min: Input<string>;
  /** Column with the upper bound, unquoted. */
  max: Input<string>;
}

/** Arguments of `Dictionary`. Each change replaces the definition in one statement; it is reloaded at its next use. */
export interface DictionaryArgs extends CommonArgs {
  /** Database: its resource (which makes it a dependency) or its name. Changing it moves the dictionary and updates what refers to it. */
  database: Input<string> | NamedDatabase;
  /** Name on the server. Default: the resource's name. Changing it renames the dictionary and updates what refers to it. */
  name?: Input<string>;
  /**
   * The columns in order, those of the key included: a map from name to type or definition, or a list of definitions with names. One that
   * goes or changes its type is refused while something on the server that reads it would fail; the error names it.
   */
  columns: Input<Record<string, Input<string | DictionaryColumnArgs>>> | Input<Input<NamedDictionaryColumnArgs>[]>;
  /** The key: one column, or several. */
  primaryKey: Input<string | Input<string>[]>;
  /**
   * Where the rows come from: a table, a query, or any source as SQL, e.g. `HTTP(URL 'https://…' FORMAT 'TSV')`. A password or a secret header in
   * it must be given as a Pulumi secret: it is then encrypted in the state and shown nowhere. The server itself shows the values of headers.
   */
  source: Input<string> | DictionaryTableArgs | DictionaryQueryArgs;
  /** How it is kept, e.g. `HASHED()`, `COMPLEX_KEY_CACHE(SIZE_IN_CELLS 100000)`; the engine adds `COMPLEX_KEY_` for a key of several columns. */
  layout: Input<string>;
  /** Seconds between reloads, or the least and the most of them; 0: it is loaded once. Left out only with `DIRECT()`, which loads nothing. */
  lifetime?: Input<number | [number, number]>;
  /** Columns with the bounds of a `RANGE_HASHED()` layout. Default: none. */
  range?: Input<DictionaryRangeArgs>;
  /** Settings for reading the source, e.g. `{ format_csv_allow_single_quotes: 0 }`. Default: the server's. */
  settings?: Input<Record<string, Input<string | number | boolean>>>;
  /** Free text. */
  comment?: Input<string>;
}
