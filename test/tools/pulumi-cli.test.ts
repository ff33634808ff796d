import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { download } from "../../tools/pulumi-cli/launcher";
import { CLI, Machine } from "./fakes";

describe("ensurePulumi", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.remove());

  describe("with an installed CLI", () => {
    it("takes a recent one", async () => {
      machine.installed("3.254.0");
      assert.deepEqual(await machine.ensure(), { path: machine.bin, version: "3.254.0", source: "installed" });
      assert.deepEqual(machine.lines, []);
    });

    it("passes over one that is too old, and says so", async () => {
      machine.installed("3.253.9");
      machine.go();
      assert.equal((await machine.ensure()).source, "built");
      assert.match(machine.lines[0] ?? "", /it is 3\.253\.9, and 3\.254\.0 or newer is needed/);
    });

    it("passes over one without the Node language host", async () => {
      machine.script("pulumi", "echo v3.300.0");
      machine.go();
      assert.equal((await machine.ensure()).source, "built");
      assert.match(machine.lines[0] ?? "", /came without pulumi-language-nodejs/);
    });

    it("passes over one that does not run", async () => {
      machine.script("pulumi", "exit 1");
      machine.go();
      assert.equal((await machine.ensure()).source, "built");
      assert.match(machine.lines[0] ?? "", /does not run/);
    });
  });

  describe("with the npm launcher", () => {
    const home = (m: Machine, version: string) => path.join(m.root, "pulumi-home/versions", version, "bin");

    it("takes what it has downloaded before", async () => {
      machine.script("npx", "exit 1");
      machine.script(path.join(home(machine, "3.265.0"), "pulumi"), "echo v3.265.0");
      const expected = { path: home(machine, "3.265.0"), version: "3.265.0", source: "npm" };
      assert.deepEqual(await machine.ensure(), expected);
    });

    it("takes the version of a launcher that the user installed, without running it", async () => {
      const run = machine.script("../lib/pulumi/run.js", "exit 1");
      writeFileSync(path.join(path.dirname(run), "package.json"), '{ "name": "pulumi", "version": "3.270.1" }');
      mkdirSync(machine.bin);
      symlinkSync(run, path.join(machine.bin, "pulumi"));
      machine.script(path.join(home(machine, "3.270.1"), "pulumi"), "echo v3.270.1");
      assert.equal((await machine.ensure()).version, "3.270.1");
    });

    it("downloads when the host answers", async () => {
      const target = home(machine, "3.265.0");
      const file = `'#!/bin/sh\\necho v3.265.0\\n' > ${target}/pulumi`;
      machine.script("npx", `/bin/mkdir -p ${target}; printf ${file}; /bin/chmod +x ${target}/pulumi`);
      const cli = await download(
        machine.env,
        () => {},
        async () => true,
      );
      assert.deepEqual(cli, { path: target, version: "3.265.0", source: "npm" });
    });

    it("continues when the host does not answer, or the download fails", async () => {
      machine.script("npx", "echo no space left >&2; exit 1");
      const log = (line: string) => machine.lines.push(line);
      assert.equal(await download(machine.env, log, async () => false), undefined);
      assert.equal(await download(machine.env, log, async () => true), undefined);
      assert.match(machine.lines.join("\n"), /cannot be reached[\s\S]*failed:\n {2}no space left/);
    });
  });

  describe("with Go only", () => {
    it("builds the CLI and the language host once, with a line for each step", async () => {
      machine.go();
      assert.deepEqual(await machine.ensure(), { path: machine.entry, version: CLI, source: "built" });
      assert.match(machine.lines.join("\n"), /fetching pulumi 3\.259\.0 … 0 s\nbuilding pulumi 3\.259\.0/);
      await machine.ensure();
      assert.deepEqual(
        machine.goCalls().map((call) => call.split(" ")[0]),
        ["get", "build", "get", "build"],
      );
      assert.deepEqual(machine.cacheEntries(), [path.basename(machine.entry)]);
    });

    it("builds a damaged cache entry again", async () => {
      machine.go();
      await machine.ensure();
      writeFileSync(path.join(machine.entry, "pulumi-language-nodejs"), "");
      assert.equal((await machine.ensure()).source, "built");
      assert.match(machine.lines.join("\n"), /it is damaged/);
      assert.equal(machine.goCalls().length, 8);
      assert.deepEqual(machine.cacheEntries(), [path.basename(machine.entry)]);
    });

    it("lets two build at once", async () => {
      machine.go();
      const [one, other] = await Promise.all([machine.ensure(), machine.ensure()]);
      assert.deepEqual(one, other);
      assert.deepEqual(machine.cacheEntries(), [path.basename(machine.entry)]);
    });

    it("keeps nothing of a build that fails halfway, and shows its last lines", async () => {
      machine.go('case "$*" in "build "*language*) echo out of memory >&2; exit 1;; esac');
      await assert.rejects(machine.ensure(), /building pulumi-language-nodejs 3\.68\.0 failed[\s\S]*out of memory/);
      assert.deepEqual(machine.cacheEntries(), []);
    });

    it("keeps nothing of a build that is interrupted", async () => {
      machine.go('[ "$1" = get ] || exec /bin/sleep 60');
      const child = machine.node(["-e", 'require("./tools/pulumi-cli").ensurePulumi()']);
      for await (const chunk of child.stderr) if (String(chunk).includes("building pulumi 3")) break;
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [143, null]);
      assert.deepEqual(machine.cacheEntries(), []);
    });

    it("removes what a killed build left behind, but not what may be another's", async () => {
      const [old, young] = [path.join(machine.cache, ".building-old"), path.join(machine.cache, ".building-young")];
      for (const folder of [old, young]) mkdirSync(folder, { recursive: true });
      utimesSync(old, 0, 0);
      machine.go();
      await machine.ensure();
      assert.deepEqual(machine.cacheEntries().sort(), [".building-young", path.basename(machine.entry)]);
    });
  });

  it("names the three ways to a CLI when there is no Go either", async () => {
    await assert.rejects(machine.ensure(), (error: Error) => {
      assert.match(error.message, /pulumi\.com\/docs\/install[\s\S]*npm install -g pulumi[\s\S]*Go 1\.25/);
      return true;
    });
  });
});
