import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import path from "node:path";
import type { ConnectionOptions } from "../../provider/src/connection/connection";
import { ConnectionError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { sharedServer, temporaryBase } from "../support/server";

/** Certificates of an authority of one's own, made for this test. */
function certificates(folder: string): Record<"ca" | "cert" | "key", string> {
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "rsa:2048", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority");
  openssl("req", ...key, "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=localhost");
  writeFileSync(path.join(folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
  openssl("x509", "-req", "-in", "own.csr", "-out", "own.pem", ...sign);
  const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  return { ca: read("ca.pem"), cert: read("own.pem"), key: read("own.key") };
}

describe("access to a server", () => {
  let url: string;
  let folder: string;
  let pems: ReturnType<typeof certificates>;
  const servers: Server[] = [];
  const seen: http.IncomingHttpHeaders[] = [];

  before(async () => {
    ({ url } = await sharedServer());
    folder = mkdtempSync(path.join(temporaryBase(), "access-"));
    pems = certificates(folder);
  });
  after(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function port(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Hands a request to the real server, as its default user. */
  function forward(request: http.IncomingMessage, answer: http.ServerResponse): void {
    seen.push(request.headers);
    const { authorization: _, host: __, ...headers } = request.headers;
    const target = new URL(request.url ?? "/", url);
    const sent = http.request(
      {
        hostname: new URL(url).hostname,
        port: new URL(url).port,
        path: target.pathname + target.search,
        method: request.method,
        headers,
      },
      (got) => got.pipe(answer.writeHead(got.statusCode ?? 500, got.headers)),
    );
    request.pipe(sent);
  }

  async function value(
    options: Omit<ConnectionOptions, "create">,
    sql = "SELECT toString(1) AS x",
  ): Promise<string | undefined> {
    const connection = await openConnection(options);
    try {
      return (await connection.query<{ x: string }>(sql))[0]?.x;
    } finally {
      await connection.close();
    }
  }

  const refused = async (options: Omit<ConnectionOptions, "create">): Promise<string> => {
    const error = await value(options).then(
      () => assert.fail("it was let in"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ConnectionError, String(error));
    assert.ok(!error.message.includes("PRIVATE KEY"));
    return error.message;
  };

  it("by TLS needs the server's authority, or `insecure`", async () => {
    const at = `https://localhost:${await port(https.createServer({ key: pems.key, cert: pems.cert }, forward))}`;
    assert.match(await refused({ url: at }), /certificate is not trusted/);
    assert.equal(await value({ url: at, tls: { ca: pems.ca } }), "1");
    assert.equal(await value({ url: at, tls: { insecure: true } }), "1");
  });

  it("by TLS with a client certificate, where the server demands one", async () => {
    const demanding = { ...pems, requestCert: true, rejectUnauthorized: true };
    const at = `https://localhost:${await port(https.createServer(demanding, forward))}`;
    await refused({ url: at, tls: { ca: pems.ca } });
    assert.equal(await value({ url: at, tls: pems }), "1");
  });

  it("through a proxy, for http and https", async () => {
    const asked: string[] = [];
    const proxy = http.createServer((request, answer) => {
      asked.push(`${request.method} ${new URL(request.url ?? "").host}`);
      forward(request, answer);
    });
    proxy.on("connect", (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      const [host = "", to = ""] = (request.url ?? "").split(":");
      const upstream = connect(Number(to), host, () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [socket, upstream]) end.on("error", () => undefined);
    });
    const by = `http://127.0.0.1:${await port(proxy)}`;
    assert.equal(await value({ url, proxy: by }), "1");
    assert.ok(asked.length > 0 && asked.every((one) => one === `POST ${new URL(url).host}`), asked.join());
    asked.length = 0;
    const to = await port(https.createServer({ key: pems.key, cert: pems.cert }, forward));
    assert.equal(await value({ url: `https://localhost:${to}`, proxy: by, tls: { ca: pems.ca } }), "1");
    assert.deepEqual([...new Set(asked)], [`CONNECT localhost:${to}`]);
  });

  it("with a token in place of user and password, and with headers of one's own", async () => {
    const at = `http://127.0.0.1:${await port(http.createServer(forward))}`;
    seen.length = 0;
    assert.equal(await value({ url: at, accessToken: "a.jwt.token", headers: { "X-Team": "data" } }), "1");
    assert.ok(seen.length > 0);
    for (const headers of seen) {
      assert.deepEqual([headers.authorization, headers["x-team"]], ["Bearer a.jwt.token", "data"]);
    }
  });

  it("with the roles that are named, which the server is asked for with each statement", async () => {
    const asked: (string | undefined)[] = [];
    const server = http.createServer((request, answer) => {
      asked.push(new URL(request.url ?? "/", url).searchParams.getAll("role").join());
      forward(request, answer);
    });
    const at = `http://127.0.0.1:${await port(server)}`;
    await assert.rejects(value({ url: at, role: ["access_a", "access_b"] }), /There is no role `access_a`/);
    assert.deepEqual([...new Set(asked)], ["access_a,access_b"]);
    asked.length = 0;
    assert.equal(await value({ url: at }), "1");
    assert.deepEqual([...new Set(asked)], [""]);
  });
});
