"""dlt itself, loading into DuckDB: twice, with days that Criteo restated in between."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from conftest import Sandbox, configuration

import criteo_connector
from criteo_connector.dlt import source

#: Fine enough for rows to vanish when Criteo restates a day.
FINE = ["AdvertiserId", "AdsetId", "AdId", "CategoryId", "Device", "Os", "Day"]
FINE_COLUMNS = ["advertiser_id", "ad_set_id", "ad_id", "category_id", "device", "os", "day"]
METRICS = ["Clicks", "AdvertiserCost", "SalesPc30d"]

CONFIGURATION: dict[str, Any] = {
    "reports": [
        {"name": "fine", "dimensions": FINE, "metrics": METRICS},
        {"name": "monthly", "dimensions": ["AdvertiserId", "Month"], "metrics": ["Clicks"]},
    ],
}


def settings() -> dict[str, Any]:
    streams = configuration()["streams"]
    for stream in ("transactions", "placements", "ads"):
        streams.pop(stream)
    return configuration(**CONFIGURATION) | {"streams": streams}


def pipeline() -> dlt.Pipeline:
    return dlt.pipeline(
        "criteo", pipelines_dir="pipelines", destination=dlt.destinations.duckdb("warehouse.duckdb"), dataset_name="landed"
    )


def landed(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect("warehouse.duckdb", read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


def true_fine(sandbox: Sandbox, last_day: str) -> dict[tuple[str, ...], tuple[int, Decimal, int]]:
    body = {
        "advertiserIds": ",".join(sandbox.advertisers()),
        "dimensions": FINE,
        "metrics": METRICS,
        "currency": "EUR",
        "timezone": "Europe/Paris",
        "startDate": "2026-02-01",
        "endDate": last_day,
        "format": "json",
    }
    return {
        tuple(row[name] for name in FINE): (
            int(row["Clicks"]),
            Decimal(row["AdvertiserCost"]),
            int(row["SalesPc30d"]),
        )
        for row in sandbox.true_rows("statistics", body)
    }


def landed_fine() -> dict[tuple[str, ...], tuple[int, Decimal, int]]:
    columns = ", ".join(FINE_COLUMNS)
    rows = landed(f"SELECT {columns}, clicks, advertiser_cost, sales_pc30d FROM landed.fine")
    found = {(*row[:6], str(row[6])): row[7:] for row in rows}
    assert len(found) == len(rows), "a row is there twice"
    return found


def same_as_in_the_store(stream: str, *columns: str) -> bool:
    """Whether dlt's table has the rows that the connector's own has, each as often."""
    names = ", ".join(columns)
    with duckdb.connect("warehouse.duckdb", read_only=True) as both:
        both.execute("ATTACH 'criteo.duckdb' AS store (READ_ONLY)")
        ours, theirs = f"SELECT {names} FROM store.main.{stream}", f"SELECT {names} FROM landed.{stream}"
        [(difference,)] = both.execute(
            f"SELECT count(*) FROM (({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours}))"
        ).fetchall()
        [(rows,)] = both.execute(f"SELECT count(*) FROM landed.{stream}").fetchall()
    return bool(difference == 0 and rows > 0)


def assert_all_the_same() -> None:
    assert same_as_in_the_store("statistics", "campaign_id", "ad_set_id", "day", "clicks", "advertiser_cost")
    assert same_as_in_the_store("monthly", "advertiser_id", "month", "clicks")
    assert same_as_in_the_store("transactions", "advertiser_id", "transaction_id", "transaction_date", "amount")
    assert same_as_in_the_store("placements", "campaign_id", "placement", "disclosed", "day", "cost")
    assert same_as_in_the_store("campaigns", "campaign_id", "campaign_name")
    assert same_as_in_the_store("ads", "ad_id", "advertiser_id")


def test_two_runs_leave_what_criteo_has(sandbox: Sandbox) -> None:
    pipeline().run(source(settings(), environment=sandbox.environment)).raise_on_failed_jobs()
    before = landed_fine()
    assert before == true_fine(sandbox, "2026-03-01")
    assert_all_the_same()
    [(kind,)] = landed("SELECT DISTINCT typeof(advertiser_cost) FROM landed.fine")
    assert kind == "DECIMAL(38,9)"

    # Ten days later, on another machine: dlt's state comes from its destination.
    sandbox.move_to("2026-03-11T09:00:00Z")
    for file in sorted(Path("pipelines").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    pipeline().run(source(settings(), environment=sandbox.environment)).raise_on_failed_jobs()
    after = landed_fine()
    assert after == true_fine(sandbox, "2026-03-11")
    assert_all_the_same()
    # What makes the test worth something.
    assert set(before) - set(after), "no row vanished"
    assert any(after[key] != before[key] for key in before.keys() & after.keys()), "no row was restated"
    assert landed("SELECT count(*) FROM landed.fine WHERE _criteo_deleted") == [(0,)]

    # Nothing new: nothing is handed on.
    calls = len(sandbox.ask("calls"))
    info = pipeline().run(source(settings(), environment=sandbox.environment, sync=False))
    assert len(sandbox.ask("calls")) == calls
    assert landed_fine() == after
    assert not info.loads_ids or not any(
        job.job_file_info.table_name == "fine" for package in info.load_packages for job in package.jobs["completed_jobs"]
    )


def test_an_advertiser_of_which_nothing_is_left_is_emptied(sandbox: Sandbox) -> None:
    only = configuration(reports=[{"name": "devices", "dimensions": ["AdvertiserId", "Device", "Day"], "metrics": ["Clicks"]}])
    pipeline().run(source(only, streams=["devices", "campaigns"], environment=sandbox.environment))
    [(rows,)] = landed("SELECT count(*) FROM landed.devices")
    assert rows > 0
    # In the store, as a reading that answered no rows would leave it: a window that vouches for days without any.
    gone = sandbox.advertisers()[0]
    with duckdb.connect("criteo.duckdb") as store:
        store.execute("DELETE FROM devices WHERE advertiser_id = ? AND day = DATE '2026-02-10'", [gone])
        store.execute("DELETE FROM campaigns WHERE advertiser_id = ?", [gone])
        store.execute("UPDATE _criteo_windows SET window_id = window_id || '-again' WHERE stream IN ('devices', 'campaigns')")
        store.execute(
            "UPDATE _criteo_window_advertisers SET window_id = window_id || '-again' "
            "WHERE window_id || '-again' IN (SELECT window_id FROM _criteo_windows)"
        )
    pipeline().run(source(only, streams=["devices", "campaigns"], environment=sandbox.environment, sync=False))
    assert landed(f"SELECT count(*) FROM landed.devices WHERE advertiser_id = '{gone}' AND day = '2026-02-10'") == [(0,)]
    assert same_as_in_the_store("devices", "advertiser_id", "device", "day", "clicks")
    assert same_as_in_the_store("campaigns", "campaign_id")


def test_a_load_that_fails_loses_nothing(sandbox: Sandbox) -> None:
    first = source(configuration(), streams=["statistics"], environment=sandbox.environment)

    # After the sync, and before dlt has loaded anything.
    def fail(_: Any) -> Any:
        raise RuntimeError("the warehouse is away")

    first.resources["statistics"].add_map(fail)
    with pytest.raises(Exception, match="the warehouse is away"):
        pipeline().run(first)
    calls = len(sandbox.ask("calls"))
    pipeline().run(source(configuration(), streams=["statistics"], environment=sandbox.environment, sync=False))
    assert len(sandbox.ask("calls")) == calls
    assert same_as_in_the_store("statistics", "campaign_id", "ad_set_id", "day", "clicks")


def test_a_part_is_handed_on_with_a_warning(sandbox: Sandbox) -> None:
    sandbox.ask("faults", {"kind": "value_that_does_not_fit", "path": "statistics", "rate": 1.0})
    with pytest.warns(criteo_connector.PartialSyncWarning, match="statistics: "):
        pipeline().run(source(configuration(), environment=sandbox.environment))
    assert same_as_in_the_store("campaigns", "campaign_id")


def test_a_wrong_name_is_refused_before_anything_is_asked(sandbox: Sandbox) -> None:
    with pytest.raises(criteo_connector.ConfigurationError, match="There are: "):
        source(configuration(), streams=["campains"], environment=sandbox.environment)
    assert sandbox.ask("calls") == []
