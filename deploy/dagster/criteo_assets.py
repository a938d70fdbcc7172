"""Criteo in Dagster: an asset for each stream, those of reports partitioned by day. See docs/guides/scheduling.md.

The machine needs the `criteo` command, and the folder with `criteo.toml` in the variable CRITEO_FOLDER.
"""

import json
import os
import subprocess
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster

FOLDER = Path(os.environ.get("CRITEO_FOLDER", "."))
CONFIGURATION = tomllib.loads((FOLDER / "criteo.toml").read_text())
ZONE = CONFIGURATION["criteo"].get("timezone", "UTC")
# The first partition. What the configuration does not say begins 90 days before the first sync.
FIRST_DAY = str(CONFIGURATION.get("sync", {}).get("start_date", date.today() - timedelta(days=90)))
# The days that a morning's run looks at: `criteo sync` reads those of them that are due.
MORNING_DAYS = 32


def streams(*kinds: str) -> list[str]:
    """The streams of these kinds that the configuration switches on. Touches neither Criteo nor the database."""
    catalog = json.loads(subprocess.run(["criteo", "--json", "streams"], check=True, stdout=subprocess.PIPE).stdout)
    sections = CONFIGURATION.get("streams", {})
    names = [
        stream["stream"]
        for stream in catalog
        if stream["kind"] in kinds and sections.get(stream["stream"], {}).get("enabled", stream["on_by_default"])
    ]
    if "report" in kinds:
        names += [report["name"] for report in CONFIGURATION.get("reports", []) if report.get("enabled", True)]
    return names


def sync(context: dagster.AssetExecutionContext, *options: str) -> dict:
    """Runs `criteo sync` for the selected assets, and returns what it says at the end."""
    names = sorted(key.to_user_string() for key in context.selected_asset_keys)
    summary = {}
    with subprocess.Popen(
        ["criteo", "--json", "sync", *options, *(f"--stream={name}" for name in names)],
        cwd=FOLDER,
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
            # 1 (failed) and 3 (partly loaded) are tried again, and read only what is missing. 2: the configuration is
            # wrong, which does not get better by itself.
            allow_retries=run.returncode != 2,
        )
    return summary


def results(summary: dict):
    for stream in summary["streams"]:
        yield dagster.MaterializeResult(
            asset_key=stream["stream"],
            metadata={"rows": stream["rows"], "calls": stream["calls"], "windows": stream["windows"]},
        )


RETRIES = dagster.RetryPolicy(max_retries=2, delay=1800)
# Two runs cannot load into one database: a pool with one slot lets Dagster wait with the second.
POOL = "criteo"


class Reading(dagster.Config):
    """How to read the partitions."""

    # Also days that are loaded and that Criteo no longer restates.
    full_refresh: bool = False


@dagster.multi_asset(
    name="criteo_reports",
    specs=[dagster.AssetSpec(name, skippable=True) for name in streams("report", "files")],
    # Today is a partition, too: its numbers are those until now, and are read again.
    partitions_def=dagster.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=ZONE, end_offset=1),
    # Many days are one run, because Criteo answers many days in one call.
    backfill_policy=dagster.BackfillPolicy.single_run(),
    can_subset=True,
    retry_policy=RETRIES,
    pool=POOL,
)
def criteo_reports(context: dagster.AssetExecutionContext, config: Reading):
    """The days of the partitions, as far as they are missing or may have been restated."""
    days = context.partition_key_range
    options = [f"--from={days.start}", f"--to={days.end}", *(["--full-refresh"] if config.full_refresh else [])]
    yield from results(sync(context, *options))


@dagster.multi_asset(
    name="criteo_listings",
    specs=[dagster.AssetSpec(name, skippable=True) for name in streams("listing")],
    can_subset=True,
    retry_policy=RETRIES,
    pool=POOL,
)
def criteo_listings(context: dagster.AssetExecutionContext):
    """Campaigns, ads and so on, as they are now."""
    yield from results(sync(context))


reports = dagster.define_asset_job("criteo_reports_job", [criteo_reports])
listings = dagster.define_asset_job("criteo_listings_job", [criteo_listings])


@dagster.schedule(job=reports, cron_schedule="15 5 * * *", execution_timezone=ZONE)
def every_morning(context: dagster.ScheduleEvaluationContext):
    """The days that Criteo may have restated, and today, as one run."""
    today = (context.scheduled_execution_time or datetime.now(ZoneInfo(ZONE))).astimezone(ZoneInfo(ZONE)).date()
    first = max(today - timedelta(days=MORNING_DAYS), date.fromisoformat(FIRST_DAY))
    return dagster.RunRequest(
        tags={
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": today.isoformat(),
        }
    )


listings_every_morning = dagster.ScheduleDefinition(job=listings, cron_schedule="5 5 * * *", execution_timezone=ZONE)

definitions = dagster.Definitions(
    assets=[criteo_reports, criteo_listings],
    jobs=[reports, listings],
    schedules=[every_morning, listings_every_morning],
)
