"""Does what Dagster's daemon does when the schedule of deploy/dagster is due: asks it what to run, and runs that.

Usage: dagster_morning.py FILE INSTANT
"""

import importlib.util
import sys
from datetime import datetime

import dagster

file, instant = sys.argv[1:]
spec = importlib.util.spec_from_file_location("criteo_assets", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

context = dagster.build_schedule_context(scheduled_execution_time=datetime.fromisoformat(instant))
request = module.every_morning(context)
print("range", *request.tags.values())
job = module.definitions.resolve_job_def("criteo_reports_job")
with dagster.DagsterInstance.get() as instance:
    result = job.execute_in_process(instance=instance, tags=request.tags)
    assert result.success
    partitions = instance.get_materialized_partitions(dagster.AssetKey("statistics"))
    print("partitions", *sorted(partitions))
