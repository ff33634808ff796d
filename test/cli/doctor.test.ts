import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { type DoctorOptions, doctor } from "../../provider/src/cli/doctor";
import type { Check } from "../../provider/src/doctor/check";
import {
  clockCheck,
  diskChecks,
  engineCheck,
  settingChecks,
  typeChecks,
  versionCheck,
} from "../../provider/src/doctor/judgements";
import { cliCheck, nodeCheck } from "../../provider/src/doctor/tools";
import { freePort, LIMITED, READONLY, sharedServer, temporaryBase, WRITER } from "../support/server";

const ROOT = path.resolve(__dirname, "../..");

async function examine(options: DoctorOptions, environment: NodeJS.ProcessEnv = {}) {
  let text = "";
  const out = (more: string): void => {
    text += more;
  };
  const code = await doctor({ ...options, json: true }, { out, error: out }, { PATH: "", ...environment }, ROOT);
  const checks: Check[] = JSON.parse(text);
  return { code, text, of: (id: string) => checks.find((one) => one.id.startsWith(id)), checks };
}

describe("clickhouse-schema doctor", () => {
  let url: string;

  before(async () => {
    ({ url } = await sharedServer());
  });

  it("looks at the tools of this machine, and at no server that is not named", async () => {
    const { code, of } = await examine({});
    assert.equal(of("node")?.status, "ok");
    assert.equal(of("pulumi-sdk")?.status, "ok");
    assert.equal(of("chdb")?.status, "ok");
    assert.match(of("scratch")?.message ?? "", /the embedded engine starts: ClickHouse \d+\.\d+/);
    assert.deepEqual([of("connection")?.status, code], ["skipped", 1]);
    assert.match(of("connection")?.next ?? "", /--url/);
    assert.equal(of("pulumi-cli")?.message, "Pulumi CLI: is not found on PATH");
    assert.match(of("pulumi-cli")?.next ?? "", /https:\/\/www\.pulumi\.com\/docs\/install/);
  });

  it("finds nothing wrong with a server and a user that may do all", async () => {
    const { checks, text } = await examine({ url, user: WRITER.username }, { CLICKHOUSE_PASSWORD: WRITER.password });
    const server = checks.filter(({ id }) => id !== "pulumi-cli");
    assert.deepEqual(
      server.filter(({ status }) => status !== "ok" && status !== "warning"),
      [],
      text,
    );
    for (const id of [
      "connection",
      "version",
      "reading",
      "rights-read",
      "rights-change",
      "rights-protocols",
      "clock",
      "settings",
      "disks",
      "operations",
    ]) {
      assert.ok(
        server.some((one) => one.id === id),
        id,
      );
    }
    assert.ok(!text.includes(WRITER.password));
  });

  it("writes a line for each check, with the next step under it", async () => {
    let text = "";
    const output = { out: (more: string) => (text += more), error: () => undefined };
    assert.equal(await doctor({}, output, { PATH: "" }, ROOT), 1);
    assert.match(text, /^ok {7}Node \d+/m);
    assert.match(text, /^error {4}Pulumi CLI: is not found on PATH\n {9}→ Install it: https/m);
  });

  it("names each missing right with the GRANT, for a database that does not exist yet", async () => {
    const { code, of } = await examine(
      { url, user: LIMITED.username, database: ["shop"] },
      { CLICKHOUSE_PASSWORD: LIMITED.password },
    );
    assert.equal(code, 1);
    assert.equal(of("rights-change")?.status, "error");
    assert.match(
      of("rights-change")?.next ?? "",
      /^GRANT CREATE TABLE, ALTER TABLE, .*SELECT, INSERT ON shop\.\* TO limited;$/m,
    );
    assert.doesNotMatch(of("rights-change")?.next ?? "", /CREATE DATABASE/);
  });

  it("tells apart why there is no connection", async () => {
    const silent = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const cases: [string, DoctorOptions, NodeJS.ProcessEnv, RegExp][] = [
      [
        "connection-authentication",
        { url, user: WRITER.username },
        { CLICKHOUSE_PASSWORD: "wrong-Pa55" },
        /refused user `writer`/,
      ],
      ["connection-refused", { url: `http://127.0.0.1:${await freePort()}` }, {}, /connection refused/],
      ["connection-dns", { url: "http://no-such-host.invalid:8123" }, {}, /no such host|cannot be resolved/],
      ["connection-tls", { url: url.replace("http:", "https:") }, {}, /TLS handshake/],
      ["connection-failed", { url: `http://127.0.0.1:${port}` }, {}, /not an answer of ClickHouse/],
      ["connection-failed", { url: "ftp://somewhere" }, {}, /unknown scheme/],
      [
        "connection-failed",
        { url, user: READONLY.username },
        { CLICKHOUSE_PASSWORD: READONLY.password },
        /readonly = 1/,
      ],
    ];
    for (const [id, options, environment, says] of cases) {
      const { code, of, text } = await examine(options, environment);
      const found = of("connection");
      assert.deepEqual([found?.id, found?.status, code], [id, "error", 1], text);
      assert.match(found?.message ?? "", says);
      assert.doesNotMatch(text, /Pa55/);
    }
    silent.close();
  });

  it("looks at an embedded engine, and makes none", async () => {
    const folder = mkdtempSync(path.join(temporaryBase(), "doctor-"));
    const { of } = await examine({ url: `chdb://${folder}` });
    assert.deepEqual([of("connection")?.status, of("rights")?.status, of("version")?.status], ["ok", "skipped", "ok"]);
    const missing = await examine({ url: `chdb://${folder}/none` });
    assert.match(missing.of("connection")?.message ?? "", /the data directory cannot be used/);
    rmSync(folder, { recursive: true, force: true });
  });

  it("judges versions, by their numbers", () => {
    assert.equal(nodeCheck("20.0.0").status, "ok");
    assert.equal(nodeCheck("18.20.4").status, "error");
    assert.equal(cliCheck({ version: "v3.254.0\n" }).status, "ok");
    assert.equal(cliCheck({ version: "3.1000.2-dev.4" }).status, "ok");
    assert.match(cliCheck({ version: "v3.99.0" }).message, /needs 3\.254\.0/);
    assert.equal(versionCheck("26.7.2.1", "26.7.9").status, "ok");
    assert.match(versionCheck("25.3.1.1", "26.7.2").message, /older.*may pass the preview and be refused/);
    assert.match(versionCheck("26.10.1.1", "26.7.2").message, /newer/);
    assert.equal(versionCheck("25.3.1.1", undefined).status, "ok");
  });

  it("judges clocks, settings, database engines and disks", () => {
    assert.equal(clockCheck(10_000, 9000, 12_000).status, "ok");
    assert.equal(clockCheck(16_999, 9000, 12_000).status, "ok");
    assert.match(clockCheck(72_000, 9000, 12_000).message, /60 s ahead of/);
    assert.match(clockCheck(1000, 61_000, 62_000).message, /60 s behind/);
    const settings = { readonly: "2", allow_ddl: "0", async_insert: "1", wait_for_async_insert: "0", cloud_mode: "1" };
    const found = settingChecks(new Map(Object.entries(settings)));
    assert.deepEqual(
      found.map(({ id, status }) => `${id} ${status}`),
      ["readonly error", "allow-ddl error", "async-insert warning", "cloud warning"],
    );
    assert.deepEqual(
      settingChecks(new Map()).map(({ status }) => status),
      ["ok"],
    );
    assert.deepEqual(typeChecks([]), []);
    const [nulls] = typeChecks([{ name: "join_use_nulls", value: "1" }]);
    assert.deepEqual([nulls?.id, nulls?.status], ["type-settings", "warning"]);
    assert.match(nulls?.message ?? "", /profile changes what queries give: join_use_nulls = 1\./);
    assert.deepEqual(engineCheck({ name: "a", engine: "Atomic" }), []);
    for (const engine of ["Ordinary", "Replicated", "Shared"])
      assert.equal(engineCheck({ name: "a", engine })[0]?.status, "warning");
    const disk = { name: "default", free: 10 * 2 ** 30, total: 100 * 2 ** 30 };
    assert.equal(diskChecks([disk], { name: "a.b", bytes: 9 * 2 ** 30 })[0]?.status, "ok");
    assert.match(
      diskChecks([disk], { name: "a.b", bytes: 11 * 2 ** 30 })[0]?.message ?? "",
      /a\.b has 11 GiB.*could not be rebuilt/,
    );
    assert.match(diskChecks([{ ...disk, free: 2 ** 30 }], undefined)[0]?.message ?? "", /1\.0 GiB of 100 GiB are free/);
  });
});
