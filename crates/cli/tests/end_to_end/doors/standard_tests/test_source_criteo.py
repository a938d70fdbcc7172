"""Airbyte's own acceptance tests for connectors, run against the program in the environment variable SOURCE.

They are made for connectors that are Python classes: all of them go through one function, which is replaced here by one
that starts the program. What they leave out, the last test does: that the protocol knows every member of every message,
and that states and a catalog that have been through the platform's own types come back as they were.
"""

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from airbyte_cdk.models import (
    AirbyteMessageSerializer,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.test import entrypoint_wrapper
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]


class Program:
    """Stands in for a connector's class, of which only the name is looked at."""

    def spec(self, logger):
        raise NotImplementedError("the program answers")


def run(source, args, expecting_exception=None, *, expected_outcome=None):
    done = subprocess.run(
        [os.environ["SOURCE"], *args], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    output = entrypoint_wrapper.EntrypointOutput(
        messages=done.stdout.splitlines(), command=args, stderr=done.stderr
    )
    # The tests take the messages' word for how it went; here the exit code has to say the same.
    assert (done.returncode != 0) == bool(output.errors), (done.returncode, done.stderr)
    return output


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setattr(entrypoint_wrapper, "_run_command", run)


class TestSourceCriteo(SourceTestSuiteBase):
    @classmethod
    def get_connector_root_dir(cls):
        return Path(__file__).parent

    @classmethod
    def create_connector(cls, scenario):
        return Program()


def assert_understood(understood, said, where="message"):
    """Everything that was said has to be there. The protocol adds defaults, and leaves out what is null."""
    if isinstance(said, dict):
        for name, member in said.items():
            if member is None:
                continue
            assert name in understood, f"the protocol does not know {where}.{name}"
            assert_understood(understood[name], member, f"{where}.{name}")
    else:
        assert understood == said, where


def messages_of(*args):
    done = subprocess.run(
        [os.environ["SOURCE"], *args], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    messages = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        message = AirbyteMessageSerializer.load(said)
        assert_understood(AirbyteMessageSerializer.dump(message), said)
        messages.append(message)
    return messages


def read(folder, config, catalog, states):
    (folder / "catalog.json").write_text(
        json.dumps(ConfiguredAirbyteCatalogSerializer.dump(catalog))
    )
    (folder / "state.json").write_text(
        json.dumps([AirbyteStateMessageSerializer.dump(state) for state in states])
    )
    files = ["--catalog", str(folder / "catalog.json"), "--state", str(folder / "state.json")]
    messages = messages_of("read", "--config", config, *files)
    keys = {
        configured.stream.name: [name for [name] in configured.stream.source_defined_primary_key]
        for configured in catalog.streams
    }
    cursors = {
        configured.stream.name: configured.stream.default_cursor_field[0]
        for configured in catalog.streams
    }
    rows, last = defaultdict(dict), {}
    for message in messages:
        if message.type == Type.RECORD:
            record = message.record
            key = tuple(record.data[name] for name in keys[record.stream])
            rows[record.stream][key] = record.data[cursors[record.stream]]
        elif message.type == Type.STATE:
            last[message.state.stream.stream_descriptor.name] = message.state
    return rows, list(last.values())


def test_the_protocol_knows_every_member_and_states_come_back(tmp_path):
    config = str(Path(__file__).parent / "config.json")
    messages_of("spec")
    messages_of("check", "--config", config)
    [discovered] = [
        message for message in messages_of("discover", "--config", config) if message.catalog
    ]
    catalog = ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=stream,
                sync_mode=SyncMode.incremental,
                destination_sync_mode=DestinationSyncMode.append_dedup,
            )
            for stream in discovered.catalog.streams
        ]
    )
    first, states = read(tmp_path, config, catalog, [])
    names = {stream.name for stream in discovered.catalog.streams}
    assert set(first) == names
    assert {state.stream.stream_descriptor.name for state in states} == names
    second, _ = read(tmp_path, config, catalog, states)
    # Nothing has happened since: what is read again is what was there, and no cursor goes back.
    for stream, rows in second.items():
        for key, cursor in rows.items():
            assert cursor >= first[stream][key], (stream, key)
    assert sum(map(len, second.values())) < sum(map(len, first.values()))
