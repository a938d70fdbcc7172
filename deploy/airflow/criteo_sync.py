"""A Criteo sync every morning, as an Airflow DAG. See docs/guides/scheduling.md.

The worker needs the `criteo` command, and the folder with `criteo.toml` in the variable CRITEO_FOLDER.
"""

import json
import os
import subprocess

import pendulum
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException


@dag(
    schedule="15 5 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    # The connector itself knows which days are missing: a morning that was missed needs no run of its own.
    catchup=False,
    # Two runs cannot load into one database.
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": pendulum.duration(minutes=30)},
)
def criteo_sync():
    @task
    def sync() -> dict:
        """Runs `criteo sync` and returns what it says at the end: rows, calls and windows of each stream."""
        summary = {}
        with subprocess.Popen(
            ["criteo", "--json", "sync"],
            cwd=os.environ.get("CRITEO_FOLDER", "."),
            stdout=subprocess.PIPE,
            text=True,
        ) as run:
            # One event a line. Errors for people go to stderr, which is the task's log.
            for line in run.stdout:
                event = json.loads(line)
                if event["event"] in ("window_quarantined", "warning", "retry"):
                    print(line, end="")
                if event["event"] == "run_finished":
                    summary = event
        if run.returncode == 2:
            raise AirflowFailException("The configuration is wrong; trying again does not help. See the log above.")
        if run.returncode != 0:
            # 1: failed. 3: partly loaded. The next attempt reads only what is missing.
            raise AirflowException(f"criteo sync ended with {run.returncode}: {summary.get('outcome', 'failed')}")
        return summary

    sync()


criteo_sync()
