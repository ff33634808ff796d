import { keyParts } from "../sql/object-key";

/** Selects objects of a server. If empty: all. */
export interface Selection {
  /** Names of databases. Default: all but the server's own. */
  readonly databases?: readonly string[];
  /** Patterns of `database.object`, `*` for any string, `?` for one character; objects that match none of them are left out. */
  readonly include?: readonly string[];
  /** Patterns of the same form; objects that match one of them are left out. */
  readonly exclude?: readonly string[];
  /** Also users, roles and the like that statements have created. Default: false. */
  readonly access?: boolean;
}

/** Whether a selection includes the object with this key. */
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
