"""A sandbox in Criteo's place, started by the program that the installed wheel carries."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from criteo_connector._program import program

#: A small world on a day that stands still, with more quota than the real one, so that nothing waits.
SCENARIO = """
[world]
advertisers = 2
campaigns_per_advertiser = 2

[clock]
now = "2026-03-01T09:00:00Z"
frozen = true

[limits]
report_calls_per_minute = 6000
calls_per_minute = 6000
"""

KEY = {"CRITEO_CLIENT_ID": "sandbox-client", "CRITEO_CLIENT_SECRET": "sandbox+secret/="}


class Sandbox:
    """A pretend Criteo, with its controls and its truth."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now = "2026-03-01T09:00:00Z"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to take this for Criteo."""
        return {
            **KEY,
            "CRITEO_API_URL": self.url,
            "CRITEO_NOW": self.now,
            "CRITEO_KEYRING": "off",
            "CRITEO_REPORT_CALLS_PER_MINUTE": "6000",
            "CRITEO_CALLS_PER_MINUTE": "6000",
        }

    def ask(self, path: str, body: object = None) -> Any:
        """What `/admin` answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/admin/{path}", data=data, headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def move_to(self, now: str) -> None:
        """Another instant, there and for programs."""
        self.ask("clock", {"now": now})
        self.now = now

    def advertisers(self) -> list[str]:
        """The advertisers that it has."""
        return sorted(entity["advertiserId"] for entity in self.ask("truth/entities/advertisers"))

    def true_rows(self, report: str, body: Mapping[str, Any]) -> list[dict[str, str]]:
        """The exact rows of a report, by Criteo's names."""
        truth = self.ask(f"truth/{report}", body)
        return [dict(zip(truth["columns"], row, strict=True)) for row in truth["rows"]]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SCENARIO)
    command = [str(program()), "--no-progress", "sandbox", "--port", "0", "--scenario", str(scenario)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"CRITEO_API_URL=(\S+)", line):
                    yield Sandbox(found[1])
                    break
            else:
                pytest.fail("The sandbox did not say where it is")
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keys nor settings of whoever runs the tests, and no folder of theirs."""
    for name in list(os.environ):
        if name.startswith(("CRITEO_", "XDG_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    # dlt of root keeps what it remembers of pipelines outside of the home.
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.chdir(tmp_path)


#: The streams that tests read.
STREAMS = ("statistics", "advertisers", "campaigns")


def configuration(**more: Any) -> dict[str, Any]:
    """A configuration as a mapping, with only `STREAMS` on."""
    catalog = json.loads(
        subprocess.run([str(program()), "--json", "streams"], check=True, capture_output=True).stdout
    )
    off = {stream["stream"]: {"enabled": False} for stream in catalog if stream["stream"] not in STREAMS}
    return {
        "criteo": {"currency": "EUR", "timezone": "Europe/Paris"},
        "sync": {"start_date": "2026-02-01"},
        "streams": off,
        **more,
    }
