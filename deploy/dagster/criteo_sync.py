"""A Criteo sync every morning, as a Dagster job. See docs/guides/scheduling.md.

The machine needs the `criteo` command, and the folder with `criteo.toml` in the variable CRITEO_FOLDER.
"""

import json
import os
import subprocess

import dagster


@dagster.op(
    # 1 (failed) and 3 (partly loaded) are tried again, and read only what is missing.
    retry_policy=dagster.RetryPolicy(max_retries=2, delay=1800),
)
def sync(context: dagster.OpExecutionContext) -> None:
    """Runs `criteo sync`, and shows what it says at the end as metadata."""
    summary = {}
    with subprocess.Popen(
        ["criteo", "--json", "sync"],
        cwd=os.environ.get("CRITEO_FOLDER", "."),
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        # One event a line. Errors for people go to stderr, which Dagster keeps with the run.
        for line in run.stdout:
            event = json.loads(line)
            if event["event"] in ("window_quarantined", "warning", "retry"):
                context.log.warning(line.strip())
            if event["event"] == "run_finished":
                summary = event
    if run.returncode != 0:
        raise dagster.Failure(
            description=f"criteo sync ended with {run.returncode}: {summary.get('outcome', 'failed')}",
            # 2: the configuration is wrong, which does not get better by itself.
            allow_retries=run.returncode != 2,
        )
    context.add_output_metadata(
        {stream["stream"]: stream["rows"] for stream in summary["streams"]}
    )


# Two runs cannot load into one database: a concurrency key lets Dagster wait with the second.
@dagster.job(tags={"dagster/concurrency_key": "criteo"})
def criteo_sync():
    sync()


every_morning = dagster.ScheduleDefinition(
    job=criteo_sync,
    cron_schedule="15 5 * * *",
    execution_timezone="Europe/Paris",
)

definitions = dagster.Definitions(jobs=[criteo_sync], schedules=[every_morning])
