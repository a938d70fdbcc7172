"""ClickHouse's HTTP interface in front of chdb, the engine as a Python module, for tests.

The engine is the current one; this plumbing is ours. It speaks as much of the interface as the connector uses: POST with
the statement in the body, or in `query` with the rows of an INSERT in the body; `database`, `default_format` and settings
as parameters; user and key as headers; errors with the status and the header of a server. One statement runs at a time.

    shim.py PASSWORD

prints the port it listens on and ends, with its data, when its standard input does.
`POST /fault?within=NAME&at=TEXT&when=WHEN` lets the next statement on the database NAME that contains TEXT fail: `before`
it runs, or `after`, in which case only its answer is lost, or with the answer of a `gateway` that does not reach its
server.
"""

import os
import re
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from chdb import session

USER = "criteo"
# Parameters that are not settings.
PLUMBING = {"query", "database", "default_format", "wait_end_of_query", "readonly"}
READS = re.compile(r"^\s*(WITH|SELECT|SHOW|DESCRIBE|EXPLAIN|EXISTS|FROM)\b", re.IGNORECASE)
# A statement after which the database in use may be another one of that name, or none.
MOVES = re.compile(r"\b(DATABASE|USE)\b", re.IGNORECASE)
# What may hold a semicolon that ends no statement.
QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
# Every insert is synced, which costs nothing in memory. What some containers have of it is too little for the tests.
MEMORY, ENOUGH = "/dev/shm", 4 << 30
INSERT = re.compile(r"^\s*(INSERT\s+INTO\s+.*?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)


class Refused(Exception):
    """An error of ours in the words of a server."""


class BadGateway(Exception):
    """The answer of a proxy in the place of the server's."""


class Fault:
    def __init__(self, within, at, when):
        self.within, self.at, self.when = f"`{within}`", at, when

    def meets(self, statement):
        return self.within in statement and self.at in statement


class Engine:
    def __init__(self, folder):
        self.session = session.Session(folder)
        self.lock = threading.Lock()
        self.faults = []
        # What the session was told last: to tell it again changes nothing, and takes as long as a small query.
        self.settings, self.database = {}, None

    def run(self, statement, parameters, body):
        with self.lock:
            fault = next((fault for fault in self.faults if fault.meets(statement)), None)
            if fault:
                self.faults.remove(fault)
                if fault.when == "before":
                    raise ConnectionAbortedError
                if fault.when == "gateway":
                    raise BadGateway
            answer = self.answer(statement, parameters, body)
            if fault:
                raise ConnectionAbortedError
            return answer

    def answer(self, statement, parameters, body):
        if parameters.get("readonly") in ("1", "2") and not READS.match(statement):
            raise Refused("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)")
        # A server takes one statement from HTTP; the engine by itself would run them all.
        if "readonly" in parameters and ";" in QUOTED.sub("", statement).rstrip("; \n"):
            raise Refused("Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)")
        settings = {name: value for name, value in parameters.items() if name not in PLUMBING}
        for name, value in settings.items():
            if self.settings.get(name) != value:
                self.session.query(f"SET {name} = '{value}'")
                self.settings[name] = value
        database = parameters.get("database", "default")
        if self.database != database:
            self.database = None
            self.session.query(f"USE {database}")
            self.database = database
        if MOVES.search(statement):
            self.database = None
        form = parameters.get("default_format", "TabSeparated")
        inserted = INSERT.match(statement)
        if not inserted:
            return self.session.query(statement, form).bytes()
        with tempfile.NamedTemporaryFile() as rows:
            rows.write(body)
            rows.flush()
            into, form = inserted.groups()
            return self.session.query(f"{into} FROM INFILE '{rows.name}' FORMAT {form}").bytes()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def do_POST(self):
        body = self.body()
        address = urlsplit(self.path)
        parameters = {name: values[-1] for name, values in parse_qs(address.query).items()}
        if address.path == "/fault":
            self.server.engine.faults.append(Fault(parameters["within"], parameters["at"], parameters["when"]))
            return self.answer(200, b"")
        key = self.headers.get("X-ClickHouse-Key", "")
        if (self.headers.get("X-ClickHouse-User"), key) != (USER, self.server.password):
            user = self.headers.get("X-ClickHouse-User")
            return self.refuse(
                f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect, or there is no "
                "user with such name. (AUTHENTICATION_FAILED)"
            )
        statement = parameters.get("query")
        if statement is None:
            statement, body = body.decode(), b""
        try:
            self.answer(200, self.server.engine.run(statement, parameters, body))
        except ConnectionAbortedError:
            self.close_connection = True
            self.connection.close()
        except BadGateway:
            self.answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>")
        except Exception as error:  # whatever the engine says is what a server would say
            self.refuse(str(error))

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def refuse(self, message):
        found = re.search(r"Code: (\d+)", message)
        code = int(found.group(1)) if found else 1
        status = {60: 404, 81: 404, 516: 403, 164: 403}.get(code, 500)
        self.answer(status, message.encode(), code)

    def answer(self, status, body, code=None):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def data_folder():
    has_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    return tempfile.mkdtemp(prefix="criteo-clickhouse-", dir=MEMORY if has_memory else None)


def main():
    (password,) = sys.argv[1:]
    folder = data_folder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.engine = Engine(os.path.join(folder, "data"))
    server.password = password
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    # Nobody else does so: whoever started this keeps it until the end of their process.
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


main()
