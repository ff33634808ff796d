import assert from "node:assert/strict";
import { TYPE_SETTINGS } from "../../provider/src/canonical/feature-flags";
import { freshDatabase, sharedServer } from "../support/server";
import { CREATED, DESCRIBED, SOURCES } from "./type-settings-statements";

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly type: string;
}

interface Toggle {
  readonly name: string;
  readonly to: string;
}

interface About {
  readonly statement: string;
  readonly expected: string;
}

/** Changes an answer, and need not hold on the embedded engine; why not. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^(?:allow|enable)_/, "taken over whatever it does"],
  [/^describe_/, "changes the answer of DESCRIBE alone"],
  [/^(?:format_csv_delimiter|output_format_|print_pretty_type_names)/, "changes how answers are written"],
  [/^data_type_default_nullable$/, "this package sends it with every statement"],
  [/^(?:max|min)_|_max_(?:bytes|rows|block)_/, "a limit: what is over it fails on the server, in its words"],
  [/^(?:readonly|implicit_transaction|make_distributed_plan|explain_query_plan_default)$/, "refuses statements"],
  [/^(?:dialect|implicit_select|function_implementation)$/, "another language, or another build of a function"],
  [/^inject_random_order/, "for tests of the server; fails in a subquery"],
  [/^additional_result_filter$|^additional_table_filters$/, "a filter, of one query"],
  [/^query_plan_|^join_algorithm$|_probability$|_read_method$/, "how a query is run"],
  [/^deduplicate_insert_select$/, "how rows are inserted"],
  [/^count_distinct_implementation$/, "the same type by every implementation, and refused where there is none"],
  [/^input_format_record_errors_file_path$/, "a place for errors"],
  [/^default_temporary_table_engine$/, "temporary tables are not managed"],
  [/^show_/, "changes what is shown of a table"],
  [/^compatibility$/, "shown by the server as the settings that it changes"],
];
/** In the list for what they mean: which rows a join or a set operation gives, and the time zone that constants are read in. */
const BY_MEANING = new Set([
  "any_join_distinct_right_table_keys",
  "except_default_mode",
  "intersect_default_mode",
  "session_timezone",
]);
/** So many settings are changed at once, then halved where an answer differs. */
const GROUP = 40;
const LANES = 4;
const STATEMENTS = [...DESCRIBED, ...CREATED];
const NUMBERS = ["0", "1", "2"];
const WORDS = ["Asia/Tokyo", "1"];

describe("settings of a session that change types, names or texts", function () {
  this.timeout(120_000);
  let url: string;
  let database: string;
  const found = new Map<string, string>();

  before(async () => {
    const server = await sharedServer();
    ({ url } = server);
    database = await freshDatabase(server);
    for (const sql of SOURCES) assert.equal(await send(sql), "");
    const settings = await read<Setting>(
      "SELECT name, value, type FROM system.settings WHERE alias_for = '' ORDER BY name",
    );
    const toggles: Toggle[] = [];
    await inLanes(settings.filter(isJudged), async (one) => void toggles.push(...(await othersOf(one))));
    // Lanes end in any order.
    toggles.sort((a, b) => (a.to + a.name < b.to + b.name ? -1 : 1));
    assert.ok(toggles.length > 1000, `${toggles.length} values`);
    const groups: Toggle[][] = [];
    for (let at = 0; at < toggles.length; at += GROUP) groups.push(toggles.slice(at, at + GROUP));
    const expected: string[] = [];
    for (const statement of STATEMENTS) expected.push(await answer(statement, {}, "expected"));
    await inLanes([...groups.entries()], async ([group, ones]) => {
      let left = await allowed(ones);
      for (const [index, statement] of STATEMENTS.entries()) {
        await search(left, `${group}`, { statement, expected: expected[index] ?? "" });
        left = left.filter(({ name }) => !found.has(name));
      }
    });
  });

  const send = async (sql: string, settings: Readonly<Record<string, string>> = {}): Promise<string> => {
    const query = new URLSearchParams({ ...settings, database });
    const response = await fetch(`${url}/?${query}`, { method: "POST", body: sql });
    const text = await response.text();
    return response.ok ? text : `refused: ${text.slice(0, 300)}`;
  };

  const read = async <Row>(sql: string): Promise<Row[]> =>
    (await send(`${sql} FORMAT JSONEachRow`))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);

  /** What a statement gives: the columns of a query, or what the server shows of an object made by it. */
  const answer = async (sql: string, settings: Readonly<Record<string, string>>, lane: string): Promise<string> => {
    const table = `made_${lane}`;
    const isQuery = !sql.startsWith("CREATE");
    let given = await send(isQuery ? `DESCRIBE (${sql})` : sql.replace("made", table), settings);
    if (given === "" && !isQuery) {
      given = (await send(`SHOW CREATE TABLE ${table}`)).replaceAll(table, "made");
      await send(`DROP TABLE ${table} SYNC`);
    }
    return given.startsWith("refused") ? "refused" : given;
  };

  /** Those of the values that the server takes at all. */
  const allowed = async (toggles: readonly Toggle[]): Promise<readonly Toggle[]> => {
    if (!(await send("SELECT 1", asSettings(toggles))).startsWith("refused")) return toggles;
    if (toggles.length <= 1) return [];
    const half = toggles.length >> 1;
    return [...(await allowed(toggles.slice(0, half))), ...(await allowed(toggles.slice(half)))];
  };

  /** Finds those that change the answer: all at once, then each half. */
  const search = async (toggles: readonly Toggle[], lane: string, about: About): Promise<void> => {
    if (toggles.length === 0) return;
    const given = await answer(about.statement, asSettings(toggles), lane);
    if (given === about.expected) return;
    const [first] = toggles;
    if (toggles.length === 1 && first !== undefined) {
      found.set(first.name, `${first.to}: ${about.statement}\n${given}`);
      return;
    }
    const half = toggles.length >> 1;
    await search(toggles.slice(0, half), lane, about);
    await search(toggles.slice(half), lane, about);
  };

  /** Other values to try: what a wrong one is told to be, or numbers, or words. */
  const othersOf = async ({ name, value, type }: Setting): Promise<Toggle[]> => {
    if (type === "Bool") return [{ name, to: value === "1" ? "0" : "1" }];
    const isNumber = /^(?:U?Int|Seconds|Milliseconds|NonZero|Float|Double)/.test(type);
    const told = isNumber ? "" : await send("SELECT 1", { [name]: "no-such-value" });
    const listed = /\[('.*?')\]/.exec(told)?.[1]?.match(/(?<=')[^',]+(?=')/g);
    const others = isNumber ? NUMBERS : (listed ?? WORDS);
    return others.filter((one) => one !== value).map((to) => ({ name, to }));
  };

  it("are those that the embedded engine takes over from the server", () => {
    const missing = [...found].filter(([name]) => !TYPE_SETTINGS.includes(name));
    assert.deepEqual(
      missing.map(([name, how]) => `${name} = ${how}`),
      [],
      "add each to TYPE_SETTINGS, or to what is left out with the reason",
    );
  });

  it("are all found to change something, but for those that change a meaning only", () => {
    assert.deepEqual(
      TYPE_SETTINGS.filter((name) => !found.has(name) && !BY_MEANING.has(name)),
      [],
    );
  });

  it("of an older behaviour are shown one by one where `compatibility` sets them", async () => {
    const changed = await send("SELECT name FROM system.settings WHERE changed FORMAT TSV", { compatibility: "22.1" });
    assert.ok(changed.includes("cast_keep_nullable") || changed.includes("enable_"), changed);
  });
});

function isJudged({ name }: Setting): boolean {
  return !LEFT_OUT.some(([pattern]) => pattern.test(name));
}

function asSettings(toggles: readonly Toggle[]): Record<string, string> {
  return Object.fromEntries(toggles.map(({ name, to }) => [name, to]));
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
