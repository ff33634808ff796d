import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { ConnectionError, ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { isAccessDenied } from "../../provider/src/connection/server-message";
import {
  freePort,
  freshDatabase,
  LIMITED,
  READONLY,
  sharedServer,
  sleep,
  startServer,
  WRITER,
} from "../support/server";

describe("opening a server", () => {
  const ownUsers = process.env["CLICKHOUSE_URL"] === undefined;

  before(function () {
    // The users of the tests exist on the server that they start only.
    if (!ownUsers) this.skip();
  });

  it("logs in with name and password", async () => {
    const connection = await openConnection({ url: (await sharedServer()).url, ...WRITER });
    assert.deepEqual(await connection.query("SELECT currentUser() AS u"), [{ u: WRITER.username }]);
    await connection.close();
  });

  for (const username of [WRITER.username, "nobody"]) {
    it(`with a wrong password for ${username} names the user and what to set, but not the password`, async () => {
      const { url } = await sharedServer();
      const error = await unreachable(openConnection({ url, username, password: "hunter2" }));
      assert.equal(
        error.message,
        `${url}: the server refused user \`${username}\`: check clickhouse:username / clickhouse:password ` +
          "or CLICKHOUSE_USER / CLICKHOUSE_PASSWORD",
      );
      assert.doesNotMatch(`${error.stack} ${error.cause}`, /hunter2/);
    });
  }

  it("as a user who may not change settings says which profile is needed", async () => {
    const { url } = await sharedServer();
    const error = await unreachable(openConnection({ url, ...READONLY }));
    assert.match(error.message, /user `readonly` may not change settings.*readonly = 2/);
  });

  it("as a user with few grants works, and names the missing grant", async () => {
    const server = await sharedServer();
    const database = await freshDatabase(server);
    const connection = await openConnection({ url: server.url, ...LIMITED });
    await assert.rejects(
      connection.command(`CREATE TABLE ${database}.t (a UInt8) ENGINE = MergeTree ORDER BY a`),
      (error) => {
        assert.ok(isAccessDenied(error));
        assert.match(error.message, /^limited: Not enough privileges.*grant CREATE TABLE/);
        return true;
      },
    );
    await connection.close();
  });
});

describe("a wrong address", () => {
  it("where nobody listens asks for server and port", async () => {
    for (const host of ["localhost", "127.0.0.1"]) {
      const url = `http://${host}:${await freePort()}`;
      const error = await unreachable(openConnection({ url }));
      assert.equal(
        error.message,
        `${url}: connection refused. Is the server running, and is this its HTTP port (8123)?`,
      );
    }
  });

  it("whose host does not exist says so", async () => {
    const error = await unreachable(openConnection({ url: "http://no-such-host.invalid:8123" }));
    assert.match(error.message, /^http:\/\/no-such-host\.invalid:8123: (?:no such host|the host's name cannot)/);
  });

  const strangers: readonly [string, RequestListener, RegExp][] = [
    [
      "a website",
      (_, answer) => answer.end("<html><body>Welcome</body></html>"),
      /HTTP 200 with "Welcome".*not an answer of ClickHouse/,
    ],
    ["a page not found", (_, answer) => answer.writeHead(404).end("nothing here"), /HTTP 404 with "nothing here"/],
    ["a failing proxy", (_, answer) => answer.writeHead(502).end(), /HTTP 502 with an empty body/],
  ];
  for (const [name, listener, words] of strangers) {
    it(`that leads to ${name} shows its answer`, async () => {
      const server = createHttpServer(listener);
      const url = await listening(server);
      const error = await unreachable(openConnection({ url, ...WRITER }));
      assert.match(error.message, words);
      assert.match(error.message, /HTTP port \(8123/);
      assert.doesNotMatch(error.message, /s3cr3t/);
      server.close();
    });
  }

  it("that does not speak HTTP says so", async () => {
    const server = createServer((socket) => socket.on("error", () => undefined).end("SSH-2.0-OpenSSH_9.2\r\n"));
    const error = await unreachable(openConnection({ url: await listening(server) }));
    assert.match(error.message, /is not HTTP/);
    server.close();
  });

  it("whose host is silent is aborted", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    const error = await unreachable(openConnection({ url: await listening(server), requestTimeout: 1 }));
    assert.match(error.message, /no answer within 1 s\. Check host and port/);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("that is ClickHouse's native port shows what the server says to it", async () => {
    const { url } = await sharedServer();
    const connection = await openConnection({ url, ...credentials() });
    const [row] = await connection.query<{ port: number }>("SELECT tcpPort() AS port");
    await connection.close();
    const error = await unreachable(openConnection({ url: `http://${new URL(url).hostname}:${row?.port}` }));
    assert.match(error.message, /is for clickhouse-client program.*HTTP port/s);
  });

  it("with https for a plain HTTP port says so", async () => {
    const { url } = await sharedServer();
    const error = await unreachable(openConnection({ url: url.replace("http:", "https:") }));
    assert.match(error.message, /TLS handshake failed.*8443/);
  });
});

describe("a connection that breaks", () => {
  it("is tried once more for a SELECT, and not for a command", async () => {
    const proxy = await startProxy((await sharedServer()).url);
    const connection = await openConnection({ url: proxy.url, ...credentials() });

    proxy.breakNext = 1;
    assert.deepEqual(await connection.query("SELECT 1 AS a"), [{ a: 1 }]);

    proxy.breakNext = 1;
    const command = await unreachable(connection.command("SELECT 1"));
    assert.match(command.message, /the connection broke before the answer came.*may or may not have run/);
    assert.equal(proxy.breakNext, 0);

    proxy.breakNext = 2;
    await unreachable(connection.query("SELECT 1 AS a"));
    assert.equal(proxy.breakNext, 0);

    assert.deepEqual(await connection.query("SELECT 2 AS a"), [{ a: 2 }]);
    await connection.close();
    proxy.close();
  });

  it("because the server was killed in the middle of a statement says that it may have run", async () => {
    const server = await startServer();
    const connection = await openConnection({ url: server.url });
    const running = unreachable(connection.command("SELECT sleep(3)"));
    await sleep(300);
    await server.kill();
    assert.match((await running).message, /the connection broke.*may or may not have run/);
    assert.match((await unreachable(connection.query("SELECT 1"))).message, /connection refused/);
    await connection.close();
  });

  it("because it was closed here rejects what was running", async () => {
    const connection = await openConnection({ url: (await sharedServer()).url, ...credentials() });
    const running = unreachable(connection.query("SELECT sleep(3)"));
    await sleep(200);
    await connection.close();
    assert.match((await running).message, /closed while a statement was running/);
  });
});

describe("a failure after the status line", () => {
  it("is an error although the status is 200", async () => {
    const connection = await openConnection({ url: (await sharedServer()).url, ...credentials() });
    // Progress headers go out while it runs, and with them the 200; forced here to come early.
    const sql =
      "SELECT sleepEachRow(0.5), throwIf(number = 3) FROM numbers(5) SETTINGS max_block_size = 1, " +
      "send_progress_in_http_headers = 1, http_headers_progress_interval_ms = 100";
    await assert.rejects(connection.command(sql), (error) => error instanceof ServerError && error.code === 395);
    await connection.close();
  });
});

interface Proxy {
  readonly url: string;
  /** How many of the next requests are accepted and then cut off. */
  breakNext: number;
  close(): void;
}

async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.on("data", (data) => {
      if (proxy.breakNext > 0) {
        proxy.breakNext -= 1;
        client.resetAndDestroy();
      } else upstream.write(data);
    });
    upstream.on("data", (data) => client.write(data));
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const proxy: Proxy = { url: await listening(server), breakNext: 0, close };
  return proxy;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}

function credentials(): { username: string; password: string } {
  return {
    username: process.env["CLICKHOUSE_USER"] ?? "default",
    password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
  };
}

async function unreachable(work: Promise<unknown>): Promise<ConnectionError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ConnectionError, `a ConnectionError is expected, it was: ${error}`);
    return error;
  }
  return assert.fail("a ConnectionError is expected");
}
