#!/usr/bin/env python3
"""How many records a second come through the doors, beside PyAirbyte's own runner and dlt's REST source.

All read the same report from the same sandbox, one after the other: one row for each advertiser, ad set, category and
day, six days, about 84,000 rows each. Criteo cuts an answer at 100,000 rows, so a day is a call for everybody. What each
prints or yields is counted, and nothing is stored.

The sandbox computes a report while it is asked for, on the same processors. So that its work is not measured as that of
whoever asks, its answers are kept, byte for byte as they were asked for, and played back from the second round on. How
long they take to arrive is shown as well: nobody can be faster. `--no-playback` lets the sandbox compute every time.

    cargo build --release --locked --workspace
    benches/doors.py --criteo path/to/release/criteo

Packages come from PyPI into the cache folder that the tests use.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DAYS = ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07"]
NOW = "2026-03-07T23:00:00Z"
DIMENSIONS = ["AdvertiserId", "AdsetId", "CategoryId", "Day"]
METRICS = ["Clicks", "Displays", "AdvertiserCost", "SalesPc30d", "RevenueGeneratedPc30d", "Visits"]
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox+secret/="
VERSION = "2026-07"
PACKAGES = {"airbyte": "airbyte==0.71.3\n", "dlt": "dlt==1.31.0\n"}


def environment(name):
    """The Python of an environment with a package, made on first use."""
    cache = os.environ.get("CRITEO_BUILD_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "criteo-connector"
    )
    home = Path(cache) / f"venv-{name}"
    python, installed = home / "bin/python", home / "installed-requirements.txt"
    if not (python.exists() and installed.exists() and installed.read_text() == PACKAGES[name]):
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        wanted = home / "requirements.txt"
        wanted.write_text(PACKAGES[name])
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--only-binary", ":all:", "--requirement", wanted], check=True)
        wanted.rename(installed)
    return python


def scenario(rows):
    dense = ", ".join(f'{{ advertiser = 0, day = "{day}", rows = {rows} }}' for day in DAYS)
    return f"""
[world]
advertisers = 1
dense_days = [{dense}]

[clock]
now = "{NOW}"
frozen = true

[limits]
report_calls_per_minute = 100000
calls_per_minute = 100000
"""


class Sandbox:
    """`criteo sandbox`, as a process of its own."""

    def __init__(self, criteo, folder, rows, port):
        (folder / "scenario.toml").write_text(scenario(rows))
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [criteo, "sandbox", "--port", str(port), "--scenario", folder / "scenario.toml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                self.token()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the sandbox does not answer")

    def token(self):
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.url}/oauth2/token", body) as answer:
            return json.load(answer)["access_token"]

    def advertiser(self):
        request = urllib.request.Request(
            f"{self.url}/{VERSION}/advertisers/me", headers={"Authorization": f"Bearer {self.token()}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["data"][0]["id"]


class Playback:
    """Stands before the sandbox and keeps its reports: whoever asks again gets the same bytes at once."""

    def __init__(self, sandbox):
        kept, address = {}, urllib.parse.urlsplit(sandbox.url).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                question = (self.path, body, "gzip" in self.headers.get("Accept-Encoding", ""))
                answer = kept.get(question) or self.ask(body)
                if self.path.endswith("/statistics/report") and answer[0] == 200:
                    kept[question] = answer
                status, headers, content = answer
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def ask(self, body):
                connection = http.client.HTTPConnection(address)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                framing = ("transfer-encoding", "content-length", "connection")
                headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in framing]
                return answer.status, headers, content

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sandbox.url = f"http://127.0.0.1:{server.server_port}"


def question(advertiser, day):
    return {
        "advertiserIds": advertiser,
        "dimensions": DIMENSIONS,
        "metrics": METRICS,
        "currency": "EUR",
        "timezone": "UTC",
        "format": "json",
        "startDate": day,
        "endDate": day,
    }


def counted(command, environment, marker):
    """Seconds and lines with `marker` of what a command prints."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    records = sum(1 for line in process.stdout if marker in line)
    if process.wait() != 0:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return time.monotonic() - started, records


def alone(sandbox, advertiser):
    """How long the answers take to arrive."""
    started, records, token = time.monotonic(), 0, sandbox.token()
    for day in DAYS:
        request = urllib.request.Request(
            f"{sandbox.url}/{VERSION}/statistics/report",
            json.dumps(question(advertiser, day)).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            while chunk := answer.read(1 << 20):
                records += chunk.count(b'"AdvertiserId"')
    return time.monotonic() - started, records


def doors(criteo, sandbox, folder):
    """The configuration of both doors, and their commands."""
    config = {
        "credentials": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        "criteo": {
            "currency": "EUR",
            "api_url": sandbox.url,
            "report_calls_per_minute": 100000,
            "calls_per_minute": 100000,
        },
        "sync": {"start_date": DAYS[0]},
        "reports": [{"name": "fine", "dimensions": DIMENSIONS, "metrics": METRICS}],
    }
    (folder / "config.json").write_text(json.dumps(config))
    environment = {**os.environ, "CRITEO_NOW": NOW, "CRITEO_KEYRING": "off"}
    call = [criteo, "--config", folder / "config.json"]
    found = subprocess.run([*call, "airbyte", "discover"], env=environment, check=True, capture_output=True)
    streams = json.loads(found.stdout)["catalog"]["streams"]
    fine = next(stream for stream in streams if stream["name"] == "fine")
    catalog = {"streams": [{"stream": fine, "sync_mode": "incremental", "destination_sync_mode": "append"}]}
    (folder / "airbyte-catalog.json").write_text(json.dumps(catalog))
    found = subprocess.run([*call, "singer", "--discover"], env=environment, check=True, capture_output=True)
    catalog = json.loads(found.stdout)
    for stream in catalog["streams"]:
        stream["metadata"][0]["metadata"]["selected"] = stream["stream"] == "fine"
    (folder / "singer-catalog.json").write_text(json.dumps(catalog))
    yield "criteo airbyte", lambda: counted(
        [*call, "airbyte", "read", "--catalog", folder / "airbyte-catalog.json"], environment, b'"type":"RECORD"'
    )
    yield "criteo singer", lambda: counted(
        [*call, "singer", "--catalog", folder / "singer-catalog.json"], environment, b'"type":"RECORD"'
    )


def declarative(sandbox, folder, advertiser):
    """PyAirbyte's own runner with the manifest that one would write for this report."""
    body = question(advertiser, "{{ stream_partition['day'] }}")
    # Otherwise the runner would make a number of it, which Criteo refuses.
    body["advertiserIds"] = f"{{{{ '\"{advertiser}\"' }}}}"
    manifest = {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["fine"]},
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "fine",
                "primary_key": DIMENSIONS,
                "schema_loader": {
                    "type": "InlineSchemaLoader",
                    "schema": {
                        "type": "object",
                        "additionalProperties": True,
                        "properties": {name: {"type": ["null", "string"]} for name in DIMENSIONS + METRICS},
                    },
                },
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {
                        "type": "HttpRequester",
                        "url_base": sandbox.url,
                        "path": f"/{VERSION}/statistics/report",
                        "http_method": "POST",
                        "request_body_json": body,
                        "authenticator": {
                            "type": "OAuthAuthenticator",
                            "token_refresh_endpoint": f"{sandbox.url}/oauth2/token",
                            "grant_type": "client_credentials",
                            "client_id": CLIENT_ID,
                            "client_secret": CLIENT_SECRET,
                        },
                    },
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": ["Rows"]},
                    },
                    "paginator": {"type": "NoPagination"},
                    "partition_router": {"type": "ListPartitionRouter", "values": DAYS, "cursor_field": "day"},
                },
            }
        ],
    }
    (folder / "manifest-config.json").write_text(json.dumps({"__injected_declarative_manifest": manifest}))
    stream = {"name": "fine", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}
    (folder / "manifest-catalog.json").write_text(json.dumps(catalog))
    runner = environment("airbyte").with_name("source-declarative-manifest")
    files = ["--config", folder / "manifest-config.json", "--catalog", folder / "manifest-catalog.json"]
    return lambda: counted([runner, "read", *files], dict(os.environ), b'"type":"RECORD"')


DLT = """
import json, sys
from dlt.sources.rest_api import rest_api_source
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

given = json.load(open(sys.argv[1]))
resources = [
    {
        "name": f"fine_{place}",
        "endpoint": {
            "path": given["path"],
            "method": "POST",
            "json": body,
            "data_selector": "Rows",
            "paginator": "single_page",
        },
    }
    for place, body in enumerate(given["bodies"])
]
source = rest_api_source(
    {
        "client": {"base_url": given["url"], "auth": BearerTokenAuth(token=given["token"])},
        "resources": resources,
    }
)
for row in source:
    print('{"row":' + json.dumps(row) + "}")
"""


def dlt(sandbox, folder, advertiser):
    """dlt's REST source, its rows as lines, without a destination."""
    given = {
        "url": sandbox.url,
        "path": f"{VERSION}/statistics/report",
        "token": sandbox.token(),
        "bodies": [question(advertiser, day) for day in DAYS],
    }
    (folder / "dlt.json").write_text(json.dumps(given))
    (folder / "rest.py").write_text(DLT)
    command = [environment("dlt"), folder / "rest.py", folder / "dlt.json"]
    settings = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "HOME": str(folder)}
    return lambda: counted(command, settings, b'{"row":')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--criteo", required=True, type=Path, help="the command, built with --release")
    parser.add_argument("--rows", type=int, default=84_000, help="rows of each of the six days")
    parser.add_argument("--rounds", type=int, default=3, help="how often; the fastest counts")
    parser.add_argument("--port", type=int, default=8799)
    parser.add_argument("--no-playback", action="store_true", help="let the sandbox compute every answer")
    given = parser.parse_args()
    criteo = given.criteo.resolve()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sandbox = Sandbox(criteo, folder, given.rows, given.port)
        try:
            advertiser = sandbox.advertiser()
            if not given.no_playback:
                Playback(sandbox)
            contestants = [
                ("answers alone", lambda: alone(sandbox, advertiser)),
                *doors(criteo, sandbox, folder),
                ("airbyte declarative", declarative(sandbox, folder, advertiser)),
                ("dlt REST source", dlt(sandbox, folder, advertiser)),
            ]
            print(f"{'':20}{'RECORDS':>10}{'SECONDS':>10}{'A SECOND':>12}")
            for name, run in contestants:
                seconds, records = min(run() for _ in range(given.rounds))
                print(f"{name:20}{records:>10,}{seconds:>10.2f}{records / seconds:>12,.0f}", flush=True)
        finally:
            sandbox.process.terminate()


if __name__ == "__main__":
    main()
