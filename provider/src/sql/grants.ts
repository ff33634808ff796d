import { quoteIdentifier, unquoteIdentifier } from "./identifiers";
import { lex } from "./lexer";

/** A privilege on something, as GRANT and CHECK GRANT name it. */
export interface Right {
  readonly privilege: string;
  /** As after ON: `shop.*`, `system.parts`, `MergeTree` for a table engine. */
  readonly level: string;
  /** Whether it has to be held WITH GRANT OPTION, to be given to others. Default: false. */
  readonly option?: boolean;
}

/** Privileges of one GRANT or REVOKE that SHOW GRANTS prints. */
interface Rule {
  readonly revoked: boolean;
  /** Upper-case; privileges on single columns are left out. */
  readonly privileges: ReadonlySet<string>;
  readonly level: Level;
  /** WITH GRANT OPTION; of a REVOKE, that it takes the option alone. */
  readonly option: boolean;
}

/** A part is a name, or a prefix of one followed by `*`. */
interface Level {
  readonly parts: readonly Part[];
}

interface Part {
  readonly text: string;
  readonly open: boolean;
}

/** What SHOW GRANTS says, as far as it is known. */
export interface Grants<R extends Right> {
  readonly missing: readonly R[];
  /** Roles whose privileges are not among the lines, so they may grant something that seems missing. */
  readonly roles: readonly string[];
}

/**
 * Which privileges are not among the lines of `SHOW GRANTS FINAL`, or of `SHOW GRANTS` of a server that does not support FINAL.
 *
 * @param lines one GRANT or REVOKE each.
 */
export function missingRights<R extends Right>(lines: readonly string[], needs: readonly R[]): Grants<R> {
  const rules: Rule[] = [];
  const roles: string[] = [];
  for (const line of lines) {
    const rule = parseRule(line);
    if (rule !== undefined) rules.push(rule);
    else roles.push(...rolesIn(line));
  }
  const usable = rules.filter(({ revoked, option }) => !revoked || !option);
  const passable = rules.filter(({ revoked, option }) => revoked || option);
  return { missing: needs.filter((need) => !isGranted(need.option ? passable : usable, need)), roles };
}

/** The statements that grant the privileges, one for each level, and one more for those that are to be given to others. */
export function grantStatements(missing: readonly Right[], user: string): string[] {
  const groups = new Map<string, { readonly right: Right; readonly names: Set<string> }>();
  for (const right of missing) {
    const key = `${right.level}\0${right.option === true}`;
    const group = groups.get(key) ?? { right, names: new Set() };
    group.names.add(right.privilege);
    groups.set(key, group);
  }
  return [...groups.values()].map(
    ({ right: { level, option = false }, names }) =>
      `GRANT ${[...names].join(", ")} ON ${level} TO ${quoteIdentifier(user)}${option ? " WITH GRANT OPTION" : ""};`,
  );
}

function isGranted(rules: readonly Rule[], { privilege: wantedRight, level }: Right): boolean {
  const privilege = bare(wantedRight);
  const wanted = parseLevel(level);
  return [privilege, ...(BRINGS[privilege] ?? [])].some((name) => isGrantedItself(rules, name, wanted));
}

function isGrantedItself(rules: readonly Rule[], privilege: string, level: Level): boolean {
  const names = namesOf(privilege);
  const about = rules.filter(({ privileges }) => names.some((name) => privileges.has(name)));
  const grants = about.filter((rule) => !rule.revoked && covers(rule.level, level));
  if (grants.length === 0) return false;
  // Part of it is revoked again, unless a grant of that part, or of less, follows.
  const revokes = about.filter(({ revoked, level: of }) => revoked && (covers(of, level) || covers(level, of)));
  return revokes.every((revoke) => grants.some((grant) => covers(revoke.level, grant.level)));
}

/** Privileges that include others. */
const BRINGS: Readonly<Record<string, readonly string[]>> = {
  "SHOW TABLES": ["SHOW COLUMNS", "SELECT", "INSERT", "ALTER TABLE", "CREATE TABLE", "DROP TABLE", "TRUNCATE"],
  "SHOW COLUMNS": ["SELECT", "INSERT", "ALTER TABLE"],
  "CREATE VIEW": ["CREATE TABLE"],
  "DROP VIEW": ["DROP TABLE"],
};

/** The privilege, and the groups that contain it. */
function namesOf(privilege: string): string[] {
  const [, group] = /^(SHOW|ALTER|CREATE|DROP|SYSTEM) /.exec(privilege) ?? [];
  return [privilege, ...between(privilege), ...(group === undefined ? [] : [group]), "ALL"];
}

/** Groups between a privilege and the one that its first word names. */
function between(privilege: string): string[] {
  if (privilege === "SYSTEM VIEWS") return ["SYSTEM BACKGROUND"];
  if (!privilege.startsWith("ALTER ") || privilege === "ALTER TABLE") return [];
  if (/DATABASE/.test(privilege)) return ["ALTER DATABASE"];
  if (privilege.startsWith("ALTER VIEW")) return ["ALTER VIEW", "ALTER TABLE"];
  const [, element] = /\b(COLUMN|INDEX|PROJECTION|CONSTRAINT|STATISTICS)$/.exec(privilege) ?? [];
  const isOfIndexes = privilege === "ALTER ORDER BY" || privilege === "ALTER SAMPLE BY";
  return [
    ...(element === undefined ? [] : [`ALTER ${element}`]),
    ...(isOfIndexes ? ["ALTER INDEX"] : []),
    "ALTER TABLE",
  ];
}

/** Whether everything in `inner` is in `outer`. */
function covers(outer: Level, inner: Level): boolean {
  return inner.parts.every((part, index) => {
    const wide = outer.parts[index] ?? ANY;
    if (!wide.open) return !part.open && wide.text === part.text;
    return part.text.startsWith(wide.text);
  });
}

const ANY: Part = { text: "", open: true };

/** `*.*`, `shop.*`, `shop*.*`, `system.parts`; `*`, `S3` and `S3('…')` for engines, users and the like. */
function parseLevel(text: string): Level {
  const parts: Part[] = [];
  let current = "";
  let open = false;
  for (const token of lex(text)) {
    if (token.text === ".") {
      parts.push({ text: current, open });
      [current, open] = ["", false];
    } else if (token.text === "*") open = true;
    else if (token.kind === "word" || token.kind === "quoted") current += unquoteIdentifier(token.text);
    // A source with a filter is less than the source.
    else if (token.text === "(") current += "(";
  }
  return { parts: [...parts, { text: current, open }] };
}

function parseRule(line: string): Rule | undefined {
  const tokens = lex(line).filter(({ kind }) => kind !== "comment");
  const verb = tokens[0]?.text.toUpperCase();
  const isWord = (index: number, word: string): boolean =>
    tokens[index]?.kind === "word" && tokens[index]?.text.toUpperCase() === word;
  const on = tokens.findIndex((_, index) => isWord(index, "ON"));
  const to = tokens.findIndex((_, index) => index > on && isWord(index, verb === "REVOKE" ? "FROM" : "TO"));
  if ((verb !== "GRANT" && verb !== "REVOKE") || on < 0 || to < 0) return undefined;
  const [start, end] = [tokens[on]?.end ?? 0, tokens[to]?.start ?? 0];
  const names = line.slice(tokens[0]?.end ?? 0, tokens[on]?.start ?? 0);
  const isOfOption = /^\s*GRANT OPTION FOR\b/i.test(names);
  const privileges = splitList(names.replace(/^\s*GRANT OPTION FOR\b/i, ""));
  return {
    revoked: verb === "REVOKE",
    privileges: new Set(privileges.filter((name) => !name.includes("(") || verb === "REVOKE").map(bare)),
    level: parseLevel(line.slice(start, end)),
    option: verb === "REVOKE" ? isOfOption : /\bWITH GRANT OPTION\s*$/.test(line),
  };
}

function bare(privilege: string): string {
  return privilege.replace(/\(.*$/, "").trim().toUpperCase();
}

/** Splits at commas that are not between parentheses. */
function splitList(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of lex(text)) {
    if (token.text === "(") depth += 1;
    if (token.text === ")") depth -= 1;
    if (token.text !== "," || depth > 0) continue;
    items.push(text.slice(from, token.start));
    from = token.end;
  }
  return [...items, text.slice(from)].map((item) => item.trim()).filter((item) => item !== "");
}

/** `GRANT reader, writer TO somebody`. */
function rolesIn(line: string): string[] {
  const [, names] = /^GRANT (.*) TO /s.exec(line) ?? [];
  return names === undefined ? [] : splitList(names).map(unquoteIdentifier);
}
