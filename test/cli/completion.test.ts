import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { hasColor } from "../../provider/src/cli/color";
import { PAGE } from "../../tools/docs/cli";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");
const script = (shell: string): string =>
  execFileSync(process.execPath, [CLI, "completion", shell], { encoding: "utf8" });

describe("clickhouse-schema completion", () => {
  const commands = [...readFileSync(PAGE, "utf8").matchAll(/^## (\w+)$/gm)].map(([, name = ""]) => name);

  it("of bash gives commands, the options of each, and their choices", () => {
    const lines: [words: string, expected: RegExp][] = [
      ["clickhouse-schema ver", /^verify\n$/],
      ["clickhouse-schema verify --max", /^--max-memory\n--max-threads\n$/],
      ["clickhouse-schema lint --format ", /^text\njson\nsarif\ngithub\n$/],
      ["clickhouse-schema completion ", /^bash\nzsh\nfish\n$/],
      ...commands.map((name): [string, RegExp] => [`clickhouse-schema ${name} --he`, /^--help\n$/]),
    ];
    const asked = lines.map(
      ([words]) =>
        `read -ra COMP_WORDS <<< '${words}'; [[ '${words}' == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); ` +
        `_clickhouse_schema; printf '%s\\n' "\${COMPREPLY[@]}"; echo =`,
    );
    const said = execFileSync("bash", { input: `${script("bash")}\n${asked.join("\n")}\n`, encoding: "utf8" }).split(
      "=\n",
    );
    for (const [index, [words, expected]] of lines.entries()) assert.match(said[index] ?? "", expected, words);
  });

  it("of zsh is that of bash, by zsh's own layer for it; of fish, a line for each command and option", () => {
    assert.equal(script("zsh"), `autoload -U +X bashcompinit && bashcompinit\n${script("bash")}`);
    const lines = script("fish").trimEnd().split("\n");
    for (const line of lines) assert.match(line, /^complete -c clickhouse-schema -n .* -d '.*'$|-f -a '[^']+'$/);
    for (const name of commands)
      assert.ok(
        lines.some((line) => line.includes(`-f -a ${name} -d '`)),
        name,
      );
    assert.ok(lines.some((line) => /from lint" -l format -x -a 'text json sarif github' -d/.test(line)));
  });
});

describe("colours", () => {
  it("go to terminals; FORCE_COLOR comes before NO_COLOR, as in Node", () => {
    const cases: [isTTY: boolean, environment: NodeJS.ProcessEnv, expected: boolean][] = [
      [true, {}, true],
      [false, {}, false],
      [true, { NO_COLOR: "1" }, false],
      [true, { NO_COLOR: "" }, true],
      [false, { FORCE_COLOR: "1" }, true],
      [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
      [true, { FORCE_COLOR: "0" }, false],
      [true, { FORCE_COLOR: "false" }, false],
    ];
    for (const [isTTY, environment, expected] of cases) {
      assert.equal(hasColor({ isTTY }, environment), expected, JSON.stringify([isTTY, environment]));
    }
  });
});
