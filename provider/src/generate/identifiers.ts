/** Words that cannot be identifiers in a strict TypeScript module, and names that the generated files use themselves. */
const TAKEN =
  "arguments any as async await boolean break case catch class config const constructor continue debugger declare default delete do " +
  "else enum eval export extends false finally for from function get if implements import in Infinity instanceof interface let " +
  "module NaN new null number object of package private protected public pulumi require return set sql static string super switch " +
  "symbol this throw true try type typeof undefined unknown var void while with yield exports Database Table View MaterializedView Rollup " +
  "anyLast argMax argMin avg count derived groupArray groupUniqArray histogram max min quantiles raw sum sumMap uniq";

/** Identifiers that are taken, each once. */
export class Identifiers {
  private readonly taken = new Set(TAKEN.split(" "));

  isFree(identifier: string): boolean {
    return !this.taken.has(identifier);
  }

  /** Takes an identifier as it is. */
  claim(identifier: string): string {
    this.taken.add(identifier);
    return identifier;
  }

  /**
   * A free identifier for a name, in camelCase.
   *
   * @param hints words to distinguish it from another of the same name, tried one after the other before numbers.
   */
  take(name: string, hints: readonly string[] = []): string {
    const plain = camelCase(name);
    const candidates = [plain, ...hints.map((hint) => camelCase(`${name} ${hint}`))];
    let found = candidates.find((candidate) => !this.taken.has(candidate));
    for (let number = 2; found === undefined; number++) {
      const candidate = `${plain}${/\d$/.test(plain) ? "_" : ""}${number}`;
      if (!this.taken.has(candidate)) found = candidate;
    }
    this.taken.add(found);
    return found;
  }
}

/** `http_requests-5m` becomes `httpRequests5m`; anything but ASCII letters and digits separates words. */
function camelCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word, index) => (index === 0 ? lowerFirst(word) : upperFirst(word))).join("");
  if (joined === "") return "object";
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

function upperFirst(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** A run of capitals is lowered as a whole, so that `URLs` does not become `uRLs`. */
function lowerFirst(word: string): string {
  return word.replace(/^(?:[A-Z]+(?![a-z])|[A-Z])/, (capitals) => capitals.toLowerCase());
}
