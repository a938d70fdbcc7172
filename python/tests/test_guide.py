"""The Python of docs/guides/python.md, run as it stands, from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Sandbox, configuration

from criteo_connector._configuration import toml_of

GUIDE = Path(__file__).parent / "python.md"


def test_the_python_of_the_guide_runs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    Path("criteo.toml").write_text(toml_of(configuration()))
    blocks = re.findall(r"<!-- python: (\w+) -->\n```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert [name for name, _ in blocks] == ["sync", "read", "dlt"]
    everything: dict[str, Any] = {}
    for name, code in blocks:
        exec(compile(code, f"python.md, block {name}", "exec"), everything)
    assert everything["table"].num_rows > 0
    with duckdb.connect("warehouse.duckdb", read_only=True) as warehouse:
        [(rows,)] = warehouse.execute("SELECT count(*) FROM criteo.statistics").fetchall()
    assert rows == everything["table"].num_rows
