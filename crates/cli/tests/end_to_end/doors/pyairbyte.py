"""Uses PyAirbyte as its users do. Prints one line of JSON at the end."""

import json
import sys
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache

action, executable, config, cache, *streams = sys.argv[1:]
source = airbyte.get_source(
    "source-criteo",
    config=json.loads(Path(config).read_text()),
    local_executable=Path(executable),
    install_if_missing=False,
)
answer = {}
if action == "first":
    source.check()
    answer["catalog"] = source.discovered_catalog.model_dump(mode="json", exclude_none=True)
if action == "wrong":
    for name, ask in (
        ("check", source.check),
        ("read", lambda: source.read(cache=DuckDBCache(db_path=cache), streams=streams)),
    ):
        try:
            ask()
        except Exception as error:
            answer[name] = f"{type(error).__name__}: {error}"
else:
    result = source.read(cache=DuckDBCache(db_path=cache), streams=streams)
    answer["records"] = result.processed_records
print(json.dumps(answer))
