/**
 * Writes docs/resources.md from the docstrings of the arguments, and from what docs/changes.md says about changes; a test compares.
 * Run: npx ts-node -T tools/docs/resources.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ArgumentDoc, readArguments } from "./arguments";
import { COSTS } from "./costs";

const ROOT = resolve(__dirname, "../..");
export const PAGE = join(ROOT, "docs/resources.md");

interface Section {
  readonly title: string;
  /** Interface whose members are listed, inherited ones included. */
  readonly args: string;
  readonly text: string;
  /** Members that are described elsewhere on the page. */
  readonly without?: string;
}

const SECTIONS: readonly Section[] = [
  {
    title: "Every resource",
    args: "CommonArgs",
    text: "These arguments are common to all resources that are objects on the server.",
  },
  { title: "Database", args: "DatabaseArgs", text: "`new Database(name, args)`.", without: "CommonArgs" },
  { title: "Table", args: "TableArgs", text: "`new Table(name, args)`.", without: "CommonArgs" },
  { title: "Columns of a table", args: "ColumnArgs", text: "In a list, or as a map from name to type or definition." },
  { title: "Indexes", args: "IndexArgs", text: "Data skipping indexes: `indexes` of a table." },
  { title: "Projections", args: "ProjectionArgs", text: "`projections` of a table." },
  { title: "Constraints", args: "ConstraintArgs", text: "`constraints` of a table." },
  { title: "SqlFunction", args: "SqlFunctionArgs", text: "`new SqlFunction(name, args)`.", without: "CommonArgs" },
  { title: "Dictionary", args: "DictionaryArgs", text: "`new Dictionary(name, args)`.", without: "CommonArgs" },
  { title: "Dictionary columns", args: "DictionaryColumnArgs", text: "Definitions in `columns` of a dictionary." },
  { title: "View", args: "ViewArgs", text: "`new View(name, args)`.", without: "CommonArgs" },
  {
    title: "MaterializedView",
    args: "MaterializedViewArgs",
    text: "`new MaterializedView(name, args)`. The arguments of a [View](#view), and:",
    without: "ViewArgs",
  },
  { title: "Backfill", args: "BackfillArgs", text: "`backfill` of a materialized view or a rollup." },
  { title: "Rollup", args: "RollupArgs", text: "`new Rollup(name, args)`; see [rollups](rollups.md)." },
  {
    title: "NamedCollection",
    args: "NamedCollectionArgs",
    text: "`new NamedCollection(name, args)`; see [access](access.md#named-collections).",
    without: "CommonArgs",
  },
  {
    title: "Grants",
    args: "GrantsArgs",
    text: "`new Grants(name, args)`; see [access](access.md#grants).",
    without: "CommonArgs",
  },
  {
    title: "Grant",
    args: "GrantArgs",
    text: "`new Grant(name, args)`; see [access](access.md#grants).",
    without: "CommonArgs",
  },
  { title: "Granted roles", args: "GrantedRoleArgs", text: "In `roles` of grants." },
  { title: "User", args: "UserArgs", text: "`new User(name, args)`; see [access](access.md).", without: "CommonArgs" },
  {
    title: "Ways to log in",
    args: "AuthWays",
    text: "`auth` of a user: exactly one of them, or a list of such objects.",
  },
  { title: "Hosts of a user", args: "HostsArgs", text: "`hosts` of a user." },
  { title: "Role", args: "RoleArgs", text: "`new Role(name, args)`; see [access](access.md).", without: "CommonArgs" },
  {
    title: "SettingsProfile",
    args: "SettingsProfileArgs",
    text: "`new SettingsProfile(name, args)`; see [access](access.md).",
    without: "CommonArgs",
  },
  { title: "Settings with bounds", args: "LimitArgs", text: "Values in `settings` of a role, a profile or a user." },
  {
    title: "Quota",
    args: "QuotaArgs",
    text: "`new Quota(name, args)`; see [access](access.md).",
    without: "CommonArgs",
  },
  { title: "Limits of a quota", args: "QuotaLimitsArgs", text: "Within an interval in `limits` of a quota." },
  {
    title: "Row policy",
    args: "RowPolicyArgs",
    text: "`new RowPolicy(name, args)`; see [access](access.md#row-policies).",
    without: "CommonArgs",
  },
  { title: "Provider", args: "ProviderArgs", text: "`new Provider(name, args)`, for several servers in one stack." },
  { title: "Plain SQL", args: "SqlArgs", text: "Instead of structured arguments.", without: "CommonArgs" },
];

const HEAD = `# Resources

Every argument of every resource. This page is made from the docstrings that an editor shows, and from [what each change costs](changes.md).
Outputs of each object: \`name\`, \`database\`, \`qualifiedName\` (quoted, for use in SQL), \`statement\`.
`;

/** The text of the page. @throws {Error} for an argument without a docstring, or a cost that is not in docs/changes.md. */
export function renderResources(): string {
  const read = readArguments(join(ROOT, "provider/src/resources"));
  const costs = readCosts(readFileSync(join(ROOT, "docs/changes.md"), "utf8"));
  const chapters = SECTIONS.map(({ title, args, text, without }) => {
    const hidden = new Set(without === undefined ? [] : read(without).map(({ name }) => name));
    const rows = read(args).filter(({ name }) => !hidden.has(name));
    const lines = rows.map((one) => row(one, COSTS[args]?.[one.name] ?? COSTS["*"]?.[one.name], costs));
    const hasCosts = lines.some((line) => !line.endsWith("|  |"));
    const head = hasCosts
      ? ["| argument | what it is | a change of it |", "|---|---|---|"]
      : ["| argument | what it is |", "|---|---|"];
    const shown = hasCosts ? lines : lines.map((line) => line.replace(/\|\s+\|$/, "|"));
    return [`## ${title}`, text, [...head, ...shown].join("\n")].join("\n\n");
  });
  return `${HEAD}\n${chapters.join("\n\n")}\n`;
}

function row(
  { name, type, text, optional }: ArgumentDoc,
  cost: readonly string[] | undefined,
  costs: ReadonlyMap<string, string>,
): string {
  const change = (cost ?? []).map((what) => {
    const found = costs.get(what);
    if (found === undefined) throw new Error(`${name}: docs/changes.md has no row ${JSON.stringify(what)}`);
    return found;
  });
  const cells = [`\`${name}\`${optional ? "" : " (required)"}`, `${text} ${code(type)}`, change.join("<br>")];
  return `| ${cells.map((cell) => cell.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").trim()).join(" | ")} |`;
}

function code(type: string): string {
  return type === "" ? "" : `\`${type}\``;
}

/** "change: how; cost" by the name of the change, from the long tables. */
function readCosts(manual: string): Map<string, string> {
  const rows = [...manual.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)];
  return new Map(rows.map(([, what = "", how = "", cost = ""]) => [what, `${what}: ${how}; ${cost}`]));
}

if (require.main === module) writeFileSync(PAGE, renderResources());
