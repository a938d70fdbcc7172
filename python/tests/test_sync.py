"""A sync from Python: results, errors in the program's words, and secrets that stay where they are."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import KEY, Sandbox, configuration

import criteo_connector
from criteo_connector import ConfigurationError, FailedError, PartialSyncError
from criteo_connector._configuration import toml_of

STATISTICS = {
    "dimensions": ["AdvertiserId", "CampaignId", "AdsetId", "Day"],
    "metrics": ["Clicks", "AdvertiserCost"],
    "currency": "EUR",
    "timezone": "Europe/Paris",
    "startDate": "2026-02-01",
    "endDate": "2026-03-01",
    "format": "json",
}


def truth(sandbox: Sandbox) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    body = {**STATISTICS, "advertiserIds": ",".join(sandbox.advertisers())}
    return {
        (row["CampaignId"], row["AdsetId"], row["Day"]): (int(row["Clicks"]), Decimal(row["AdvertiserCost"]))
        for row in sandbox.true_rows("statistics", body)
    }


def test_a_sync_gives_the_rows_that_criteo_has(sandbox: Sandbox) -> None:
    events: list[str] = []
    result = criteo_connector.sync(
        configuration(),
        environment=sandbox.environment,
        on_event=lambda event: events.append(event["event"]),
    )
    assert result.outcome == "complete"
    assert events[0] == "run_started" and events[-1] == "run_finished"
    table = result.arrow("statistics")
    assert str(table.schema.field("advertiser_cost").type) == "decimal128(38, 9)"
    assert str(table.schema.field("day").type) == "date32[day]"
    rows = {
        (row["campaign_id"], row["ad_set_id"], str(row["day"])): (row["clicks"], row["advertiser_cost"])
        for row in table.to_pylist()
    }
    assert len(rows) == table.num_rows > 50
    assert rows == truth(sandbox)
    [statistics] = [stream for stream in result.streams if stream.stream == "statistics"]
    assert statistics.rows == table.num_rows

    # The file is closed again: another run may open it, and finds nothing missing but today.
    again = criteo_connector.sync(configuration(), streams="campaigns", environment=sandbox.environment)
    assert [stream.stream for stream in again.streams] == ["campaigns"]
    assert not list(Path().glob(".criteo-*")), "the configuration of a mapping stayed behind"


def test_tables_can_be_asked_without_a_sync(sandbox: Sandbox) -> None:
    file = Path("folder/criteo.toml")
    file.parent.mkdir()
    file.write_text(toml_of(configuration(destination={"type": "duckdb", "path": "x.duckdb", "schema": "marketing"})))
    with pytest.raises(ConfigurationError, match="There is no database"):
        criteo_connector.open_tables(file)
    criteo_connector.sync(file, environment=sandbox.environment)
    with criteo_connector.open_tables(file) as tables:
        assert set(tables.streams()) == {"statistics", "advertisers", "campaigns"}
        [(advertisers,)] = tables.relation("advertisers").aggregate("count(*)").fetchall()
        assert advertisers == len(sandbox.advertisers())
        with pytest.raises(ConfigurationError, match="There are: advertisers, campaigns, statistics"):
            tables.relation("statistic")
    status = criteo_connector.status(file)
    assert status["last_run"]["outcome"] == "complete"
    assert criteo_connector.plan(file, environment=sandbox.environment)


def test_a_parquet_lake_is_read_through_its_view(sandbox: Sandbox) -> None:
    lake = configuration(destination={"type": "parquet", "url": "lake"})
    with pytest.raises(ConfigurationError, match="There is no lake"):
        criteo_connector.open_tables(lake)
    result = criteo_connector.sync(lake, environment=sandbox.environment)
    table = result.arrow("statistics")
    rows = {
        (row["campaign_id"], row["ad_set_id"], str(row["day"])): (row["clicks"], row["advertiser_cost"])
        for row in table.to_pylist()
    }
    assert rows == truth(sandbox) and rows


def test_a_wrong_configuration_is_said_in_the_programs_words(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigurationError) as raised:
        criteo_connector.sync({"criteo": {"curency": "EUR"}}, environment=sandbox.environment)
    assert raised.value.exit_code == 2
    assert "did you mean `currency`?" in str(raised.value)
    assert raised.value.message.startswith("The configuration has 2 problems:"), "a file that nobody has written"
    assert ".toml" not in str(raised.value) + raised.value.output
    with pytest.raises(ConfigurationError) as raised:
        criteo_connector.sync(configuration(), streams=["campains"], environment=sandbox.environment)
    assert raised.value.message == "There is no stream campains"
    assert raised.value.hint == "Did you mean --stream campaigns?"
    with pytest.raises(ConfigurationError, match="There is no configuration"):
        criteo_connector.sync("nowhere.toml")
    with pytest.raises(ConfigurationError, match="criteo.key_file is None"):
        criteo_connector.sync({"criteo": {"key_file": None}})


def test_a_failure_can_be_told_apart(sandbox: Sandbox) -> None:
    wrong = {**sandbox.environment, "CRITEO_CLIENT_SECRET": "not-the-secret"}
    with pytest.raises(FailedError) as raised:
        criteo_connector.sync(configuration(), environment=wrong)
    assert raised.value.exit_code == 1
    assert raised.value.hint
    assert "not-the-secret" not in repr(raised.value) + raised.value.output


def test_a_partial_run_carries_its_result(sandbox: Sandbox) -> None:
    sandbox.ask("faults", {"kind": "value_that_does_not_fit", "path": "statistics", "rate": 1.0})
    with pytest.raises(PartialSyncError) as raised:
        criteo_connector.sync(configuration(), environment=sandbox.environment)
    assert raised.value.exit_code == 3
    result = raised.value.result
    assert result.outcome == "partial"
    assert {window.stream for window in result.quarantined} == {"statistics"}
    assert result.quarantined[0].reason in str(raised.value)
    # What could be read is there.
    assert result.arrow("advertisers").num_rows == len(sandbox.advertisers())
    allowed = criteo_connector.sync(configuration(), environment=sandbox.environment, allow_partial=True)
    assert allowed.outcome == "partial"


def test_what_a_callback_raises_ends_the_run_softly(sandbox: Sandbox) -> None:
    class Enough(Exception):
        pass

    def stop(event: criteo_connector._program.Event) -> None:
        if event["event"] == "window_loaded":
            raise Enough

    with pytest.raises(Enough):
        criteo_connector.sync(configuration(), environment=sandbox.environment, on_event=stop)
    # Nothing works on behind our back, and the next run carries on.
    assert criteo_connector.status(configuration())["last_run"]["outcome"] in ("interrupted", "complete")
    assert criteo_connector.sync(configuration(), environment=sandbox.environment).outcome == "complete"


@pytest.fixture
def terminal() -> Iterator[None]:
    """Ctrl-C as in a terminal: shells let what they start in the background ignore it, and Python keeps to that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_lets_the_program_finish(sandbox: Sandbox) -> None:
    sandbox.ask("faults", {"kind": "latency", "path": "statistics", "milliseconds": 1500})
    started = threading.Event()

    def interrupt() -> None:
        started.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()

    def hear(event: criteo_connector._program.Event) -> None:
        if event["event"] == "window_started":
            started.set()

    with pytest.raises(KeyboardInterrupt):
        criteo_connector.sync(configuration(), environment=sandbox.environment, on_event=hear)
    assert criteo_connector.status(configuration())["last_run"]["outcome"] == "interrupted"


def command_lines() -> list[str]:
    """The command lines of all processes of this machine."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        # Many end while one looks.
        with contextlib.suppress(OSError):
            lines.append(process.read_text(errors="replace"))
    return lines


def test_a_secret_is_in_no_argument_and_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    seen: list[str] = []

    def look(_: criteo_connector._program.Event) -> None:
        if seen:
            return
        [file] = Path().glob(".criteo-*.toml")
        assert file.stat().st_mode & 0o077 == 0
        # What everybody on the machine can see of processes.
        [command] = [line for line in command_lines() if file.name in line]
        seen.append(command + file.read_text())

    criteo_connector.sync(configuration(), environment=sandbox.environment, on_event=look)
    assert "sync" in seen[0], "the program was not found among the processes"
    assert KEY["CRITEO_CLIENT_SECRET"] not in seen[0]


def test_the_command_is_the_program() -> None:
    command = Path(sys.executable).with_name("criteo")
    for words in ([str(command)], [sys.executable, "-m", "criteo_connector"]):
        said = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout
        assert said.split()[-1] == criteo_connector.__version__
    assert subprocess.run([str(command), "sinc"], capture_output=True).returncode == 2


def test_the_program_finds_its_library_in_the_wheel() -> None:
    program = criteo_connector._program.program()
    assert program.is_relative_to(Path(sys.prefix)), "not the program of the wheel"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LD_")}
    libraries = subprocess.run(
        ["ldd", str(program)], capture_output=True, text=True, check=True, env=environment
    ).stdout
    [library] = [line for line in libraries.splitlines() if "libduckdb" in line]
    assert str(program.parent.parent / "criteo_connector.libs") in str(Path(library.split()[2]).resolve())
