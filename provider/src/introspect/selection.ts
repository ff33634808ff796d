import { keyParts } from "../sql/object-key";

/** Which objects of a server are meant. Without any of it: all. */
export interface Selection {
  /** Names of databases. Default: all but the server's own. */
  readonly databases?: readonly string[];
  /** Patterns of `database.object`, `*` for any text, `?` for one character; an object that none of them matches is left out. */
  readonly include?: readonly string[];
  /** Patterns likewise; an object that one of them matches is left out. */
  readonly exclude?: readonly string[];
}

/** Whether a selection has the object of a key. */
export function selector({ include = [], exclude = [] }: Selection): (key: string) => boolean {
  const [wanted, unwanted] = [include.map(pattern), exclude.map(pattern)];
  return (key) => {
    const { database, name = "" } = keyParts(key);
    const text = `${database}.${name}`;
    const isWanted = wanted.length === 0 || wanted.some((one) => one.test(text));
    return isWanted && !unwanted.some((one) => one.test(text));
  };
}

function pattern(glob: string): RegExp {
  const source = [...glob].map((char) => (char === "*" ? ".*" : char === "?" ? "." : literal(char))).join("");
  return new RegExp(`^${source}$`, "su");
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
