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
if action == "check":
    source.check()
    print(json.dumps({"checked": True}))
elif action == "discover":
    found = source.discovered_catalog.model_dump(mode="json", exclude_none=True)
    print(json.dumps(found))
elif action == "read":
    result = source.read(cache=DuckDBCache(db_path=cache), streams=streams)
    print(json.dumps({"records": result.processed_records}))
