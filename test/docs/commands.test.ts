import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { CONFIG_KEYS, OTHER_KEYS } from "../../provider/src/config/config";

const ROOT = resolve(__dirname, "../..");

/** Commands and their options, as `--help` lists them: `docs/cli.md` is made of that, which `cli.test.ts` checks. */
const OPTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  readFileSync(join(ROOT, "docs/cli.md"), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const name = /^[\w-]+/.exec(section)?.[0] ?? "";
      const options = [...section.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = ""]) => option);
      return [name, new Set(options)];
    }),
);

/** A place where people read commands. */
interface Line {
  readonly place: string;
  readonly text: string;
}

describe("what pages and messages tell people to run", () => {
  const pages = [
    ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "provider/README.md"].flatMap(linesOf),
    ...filesBelow("docs", ".md").flatMap(linesOf),
    ...filesBelow("examples", ".yml").flatMap(linesOf),
  ];
  const messages = filesBelow("provider/src", ".ts").flatMap(linesOf);

  it("are commands of clickhouse-schema that exist, with options that they have", () => {
    assert.ok(OPTIONS.size > 10);
    const wrong: string[] = [];
    let seen = 0;
    for (const { place, text } of [...pages, ...messages]) {
      for (const [, name = "", rest = ""] of text.matchAll(/\bclickhouse-schema ([a-z]+)\b([^`|&]*)/g)) {
        const known = OPTIONS.get(name);
        // In a sentence, the package's name is followed by any word.
        if (known === undefined && !/^ *--|^ [\w/.]+\.(?:sql|json)\b/.test(rest)) continue;
        seen++;
        const options = [...rest.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
        for (const option of options)
          if (known?.has(option) !== true) wrong.push(`${place}: clickhouse-schema ${name} ${option}`);
      }
    }
    assert.ok(seen > 50, `${seen} commands`);
    assert.deepEqual(wrong, []);
  });

  it("are scripts of this repository", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = pages.flatMap(({ place, text }) =>
      [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = ""]) => ({ place, name })),
    );
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.filter(({ name }) => scripts[name] === undefined),
      [],
    );
  });

  it("are keys of the config that exist", () => {
    const known = new Set<string>([...Object.keys(CONFIG_KEYS), ...OTHER_KEYS]);
    const named = [...pages, ...messages].flatMap(({ place, text }) =>
      [...text.matchAll(/\bconfig (?:set|rm) (?:--secret )?clickhouse:(\w+)/g)].map(([, key = ""]) => ({ place, key })),
    );
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.filter(({ key }) => !known.has(key)),
      [],
    );
  });

  it("are on pages to which the README or a page leads", () => {
    const linked = new Set(
      ["README.md", "CONTRIBUTING.md", ...filesBelow("docs", ".md")].flatMap((file) =>
        [...readFileSync(join(ROOT, file), "utf8").matchAll(/\]\(([^)#:]+\.md)(?:#[^)]*)?\)/g)].map(([, link = ""]) =>
          relative(ROOT, resolve(ROOT, file, "..", link)),
        ),
      ),
    );
    // The decisions lead to each other by their numbers.
    const missing = filesBelow("docs", ".md").filter(
      (page) => !page.startsWith("docs/decisions/") && !linked.has(page),
    );
    assert.deepEqual(missing, []);
  });
});

function linesOf(file: string): Line[] {
  return readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .map((text, index) => ({ place: `${file}:${index + 1}`, text }));
}

function filesBelow(folder: string, end: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}
