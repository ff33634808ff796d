"""Speaks ClickHouse's HTTP protocol for an embedded engine: `bridge.py FOLDER_OF_CHDB DIRECTORY HTTP_PORT`. Ends with its parent.

Not supported: users and grants (everybody is `default`), KILL QUERY across requests, progress headers, binary bodies; written_rows is 0.
"""
import gzip
import json
import os
import re
import sys
import threading
import time
import types
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tether import tether

# Parameters of the URL that are no settings.
OWN = {"query", "database", "default_format", "query_id", "user", "password", "role", "compress", "decompress", "stacktrace", "wait_end_of_query", "buffer_size", "client_protocol_version", "close_session"}
SESSION = {"session_id", "session_timeout", "session_check", "session_timezone_of_client"}
HTTP_STATUS = {
    401: {194}, 403: {192, 193, 516}, 404: {60, 81, 46, 47, 16, 50, 56, 43, 63, 115, 17}, 400: {62, 26, 27, 38, 41, 53, 69, 72, 36, 70, 6, 130, 321, 403, 67, 68, 167, 168, 349, 457, 456}, 413: {307}, 501: {48}, 503: {209, 439},
}


# Nobody takes dropped tables away in chdb-core 26.1 to 26.5, so DROP … SYNC would wait for ever.
DROP_SYNC = re.compile(r"^((?:\s|/\*.*?\*/)*DROP\s+(?:TABLE|VIEW|DICTIONARY|DATABASE)\b.*?)\s+SYNC\b", re.IGNORECASE | re.DOTALL)


class Engine:
    """An engine on a data directory; its connections run side by side, each with settings of its own."""

    def __init__(self, chdb, path, config, version):
        self.chdb, self.path = chdb, path
        self.drops = version >= (26, 7)
        # As long as one connection is open, so is the engine; the first one configures it.
        self.keeper = chdb.connect(f"{path}?config-file={config}")

    def open(self):
        return Connection(self.chdb.connect(self.path), self.drops)


class Connection:
    def __init__(self, connection, drops):
        self.connection, self.drops = connection, drops

    def run(self, setup, sql, fmt):
        for one in setup:
            self.connection.query(one, "CSV")
        if not self.drops:
            sql = DROP_SYNC.sub(r"\1", sql)
        result = self.connection.query(sql, fmt)
        if result is None:
            return b"", 0, 0
        return bytes(result.bytes()), result.rows_read(), result.bytes_read()

    def close(self):
        self.connection.close()


class Bridge:
    def __init__(self, engine):
        self.engine = engine
        self.sessions = {}
        rows, _, _ = self.once([], "SELECT version()", "TSV")
        self.version = rows.decode().strip()

    def once(self, setup, sql, fmt):
        connection = self.engine.open()
        try:
            return connection.run(setup, sql, fmt)
        finally:
            connection.close()

    def in_session(self, name, setup, sql, fmt):
        held = self.sessions.setdefault(name, [self.engine.open(), threading.Lock(), []])
        if not held[1].acquire(blocking=False):
            raise RuntimeError(f"Code: 373. DB::Exception: Session {name} is locked by a concurrent client. (SESSION_IS_LOCKED)")
        try:
            return held[0].run(setup, sql, fmt)
        finally:
            held[1].release()


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").replace("\0", "\\0") + "'"


def status_of(code):
    return next((status for status, codes in HTTP_STATUS.items() if code in codes), 500)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bridge = None

    def do_GET(self):
        self.handle_request(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(iter(self.chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.handle_request(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)

    def chunk(self):
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def handle_request(self, body):
        url = urlsplit(self.path)
        if url.path.endswith("/ping") or (not url.query and not body):
            return self.answer(200, b"Ok.\n", {})
        given = parse_qsl(url.query, keep_blank_values=True)
        own = {name: value for name, value in given if name in OWN or name in SESSION}
        query_id = own.get("query_id") or str(uuid.uuid4())
        sql = "\n".join(part for part in (own.get("query", ""), body.decode("utf-8")) if part)
        fmt = own.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        started = time.monotonic()
        try:
            setup = self.statements(given, own.get("database") or self.headers.get("X-ClickHouse-Database"))
            session = own.get("session_id")
            if session is None:
                data, rows, size = self.bridge.once(setup, sql, fmt)
            else:
                data, rows, size = self.bridge.in_session(session, setup, sql, fmt)
        except Exception as error:  # the engine's own words
            if "shutting down due to a fatal error" in str(error):
                os._exit(1)  # It answers nothing any more.
            return self.refuse(str(error), query_id)
        elapsed = int((time.monotonic() - started) * 1e9)
        summary = {"read_rows": rows, "read_bytes": size, "written_rows": 0, "written_bytes": 0, "total_rows_to_read": 0, "result_rows": 0, "result_bytes": len(data), "elapsed_ns": elapsed}
        self.answer(200, data, {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Format": fmt, "X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Server-Display-Name": "bridge", "X-ClickHouse-Summary": json.dumps({key: str(value) for key, value in summary.items()})})

    def statements(self, given, database):
        """Statements that give the request's settings, parameters and database to the connection."""
        settings = ["output_format_json_quote_64bit_integers = 1"]
        settings += [f"{name} = {literal(value)}" for name, value in given if name not in OWN and name not in SESSION]
        statements = [f"SET {', '.join(settings)}"] if settings else []
        return statements + ([f"USE `{database}`"] if database and database != "default" else [])

    def refuse(self, text, query_id):
        text = re.sub(r"^(?:Query failed: )+", "", text.strip())
        found = re.search(r"\b(?:Code|Error): (\d+)", text)
        code = int(found.group(1)) if found else 1001
        text = re.sub(r"\bError: (\d+)\. DB::", r"Code: \1. DB::", text) if found else f"Code: 1001. DB::Exception: {text}"
        version = "" if "(version " in text else f" (version {self.bridge.version})"
        self.answer(status_of(code), f"{text}{version}\n".encode(), {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Exception-Code": str(code)})

    def answer(self, status, data, headers):
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain; charset=UTF-8", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def load(folder):
    """The package, without pandas and pyarrow, which its Python side imports and nothing here needs."""
    for name in ("pyarrow", "pandas"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__getattr__ = lambda attribute: type(attribute, (), {})
    sys.path.insert(0, folder)
    import chdb

    return chdb


def main(folder, directory, port):
    tether()
    # The package opens an engine in the working directory when it is imported, with the configuration that lies there.
    os.makedirs(os.path.join(directory, "import"), exist_ok=True)
    os.chdir(os.path.join(directory, "import"))
    chdb = load(folder)
    version = tuple(int(part) for part in re.findall(r"\d+", str(chdb.engine_version))[:2])
    engine = Engine(chdb, os.path.join(directory, "data"), os.path.join(directory, "config.xml"), version)
    Handler.bridge = Bridge(engine)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:4])
