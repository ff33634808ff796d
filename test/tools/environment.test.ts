import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { PulumiCli } from "../../tools/pulumi-cli";
import { pulumiEnvironment } from "../../tools/pulumi-cli/environment";
import { stackNamed } from "../../tools/pulumi-cli/stack";
import { Machine } from "./fakes";

const BUILT: PulumiCli = { path: "/cli", version: "3.259.0", source: "built" };

describe("pulumiEnvironment", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.remove());

  const environment = (options: { local?: boolean; stack?: string } = {}, more: NodeJS.ProcessEnv = {}) =>
    pulumiEnvironment(BUILT, machine.root, { ...options, env: { ...machine.env, ...more } });
  const local = () => `file://${machine.root}/.pulumi-backend`;
  const login = () => {
    mkdirSync(path.join(machine.root, "pulumi-home"));
    const file = path.join(machine.root, "pulumi-home/credentials.json");
    writeFileSync(file, '{ "current": "https://backend.example" }');
  };

  it("puts the CLI first on PATH, unless it is the one found there", () => {
    assert.equal(environment()["PATH"], `/cli:${machine.bin}`);
    const installed = pulumiEnvironment({ ...BUILT, source: "installed" }, machine.root, { env: machine.env });
    assert.equal(installed["PATH"], machine.bin);
  });

  it("keeps the state in the repository for who has chosen no backend", () => {
    assert.equal(environment()["PULUMI_BACKEND_URL"], local());
  });

  it("leaves a chosen backend alone, by login or by variable", () => {
    login();
    assert.equal(environment()["PULUMI_BACKEND_URL"], undefined);
    assert.equal(environment()["PULUMI_CONFIG_PASSPHRASE_FILE"], undefined);
    assert.equal(environment({ local: true }, { PULUMI_BACKEND_URL: "s3://b" })["PULUMI_BACKEND_URL"], "s3://b");
  });

  it("uses the local backend in spite of a login when told to", () => {
    login();
    assert.equal(environment({ local: true })["PULUMI_BACKEND_URL"], local());
  });

  it("makes one random passphrase for the local backend, readable by its owner", () => {
    const file = environment()["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "";
    const first = readFileSync(file, "utf8");
    assert.ok(first.trim().length >= 32);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(environment()["PULUMI_CONFIG_PASSPHRASE_FILE"], file);
    assert.equal(readFileSync(file, "utf8"), first);
  });

  it("leaves a passphrase of the user's alone, an empty one too", () => {
    assert.equal(environment({}, { PULUMI_CONFIG_PASSPHRASE: "" })["PULUMI_CONFIG_PASSPHRASE_FILE"], undefined);
  });

  it("gives the public passphrase to the demo stack, and to no other", () => {
    assert.equal(
      environment({ stack: "dev" }, { PULUMI_CONFIG_PASSPHRASE: "mine" })["PULUMI_CONFIG_PASSPHRASE"],
      "dev",
    );
    assert.equal(environment({ stack: "prod" })["PULUMI_CONFIG_PASSPHRASE"], undefined);
  });
});

describe("stackNamed", () => {
  const cases: readonly [string, string | undefined][] = [
    ["preview --stack dev", "dev"],
    ["preview --stack=organization/obsfly/prod", "prod"],
    ["up -s staging --yes", "staging"],
    ["stack init mine", "mine"],
    ["stack init", ""],
    ["stack output", undefined],
    ["up --yes", undefined],
  ];
  for (const [line, expected] of cases) {
    it(`reads ${JSON.stringify(expected) ?? "nothing"} from \`pulumi ${line}\``, () => {
      assert.equal(stackNamed(line.split(" "), {}), expected);
    });
  }

  it("reads PULUMI_STACK when the command line names none", () => {
    assert.equal(stackNamed(["up"], { PULUMI_STACK: "prod" }), "prod");
    assert.equal(stackNamed(["up", "-s", "dev"], { PULUMI_STACK: "prod" }), "dev");
  });
});
