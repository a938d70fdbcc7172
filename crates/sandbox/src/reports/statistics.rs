//! `POST /statistics/report`: a group-by over the cells of ad sets.

use jiff::Timestamp;
use serde_json::Value;

use super::dimensions::{self, Axis};
use super::formula::{Formula, Summary};
use super::group::Groups;
use super::metrics;
use super::request::{self, Problems, Span};
use super::{Caps, Format, Problem, StatisticsAnswer};
use crate::world::calendar::{self, DayNumber, LocalHours};
use crate::world::money::Rate;
use crate::world::{Delivery, World};

pub(super) const PROBLEMS: Problems = Problems {
    instance: "/statistics/v1/report",
};

/// Months for which Criteo keeps statistics ("two years", Criteo's OpenAPI 2026-07).
const HISTORY_MONTHS: i32 = 24;

/// A request that obeys the contract.
struct Query {
    advertiser_ids: Vec<String>,
    ad_set_ids: Vec<String>,
    ad_set_names: Vec<String>,
    ad_set_status: Vec<Delivery>,
    axes: Vec<Axis>,
    metrics: Vec<(&'static str, Formula)>,
    currency: String,
    rate: Rate,
    format: Format,
    span: Span,
}

impl Query {
    fn read(body: &Value) -> Result<Self, Problem> {
        let attributes = request::attributes_of_object(body, PROBLEMS)?;
        let advertiser_ids = request::advertiser_ids(attributes, PROBLEMS)?;
        let span = request::span(attributes, PROBLEMS)?;
        let (currency, rate) = request::currency(attributes, PROBLEMS)?;
        let names = request::required_list(attributes, "dimensions", false, PROBLEMS)?;
        let axes = dimensions::axes(&names, &PROBLEMS)?;
        let metrics = request::required_list(attributes, "metrics", true, PROBLEMS)?
            .iter()
            .map(|name| {
                metrics::metric(name)
                    .copied()
                    .ok_or_else(|| PROBLEMS.invalid("metrics", name))
            })
            .collect::<Result<_, _>>()?;
        let ad_set_ids = request::text_list(attributes, "adSetIds", PROBLEMS)?
            .iter()
            .map(|id| request::integer_id(id, "adSetIds", PROBLEMS))
            .collect::<Result<_, _>>()?;
        let ad_set_status = request::text_list(attributes, "adSetStatus", PROBLEMS)?
            .iter()
            .map(|name| Delivery::named(name).ok_or_else(|| PROBLEMS.invalid("adSetStatus", name)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            advertiser_ids,
            ad_set_ids,
            ad_set_names: request::text_list(attributes, "adSetNames", PROBLEMS)?,
            ad_set_status,
            axes,
            metrics,
            currency,
            rate,
            format: request::format(attributes, PROBLEMS)?,
            span,
        })
    }

    /// The ad sets whose cells count, in the order of the advertisers asked for, each once.
    fn ad_sets(&self, world: &World, today: DayNumber) -> Vec<usize> {
        let accounts = world.accounts();
        let wanted = |ad_set: &usize| {
            let id = accounts.ad_sets[*ad_set].id.to_string();
            let allowed = |list: &[String], value: &String| list.is_empty() || list.contains(value);
            allowed(&self.ad_set_ids, &id)
                && allowed(&self.ad_set_names, &world.ad_set_name(*ad_set, today))
                && (self.ad_set_status.is_empty()
                    || self.ad_set_status.contains(&world.delivery(*ad_set, today)))
        };
        world
            .advertiser_positions(&self.advertiser_ids)
            .into_iter()
            .flat_map(|advertiser| accounts.advertisers[advertiser].ad_sets.clone())
            .filter(wanted)
            .collect()
    }
}

pub(super) fn answer(
    world: &World,
    as_of: Timestamp,
    body: &Value,
    limits: &Caps,
) -> Result<StatisticsAnswer, Problem> {
    let query = Query::read(body)?;
    let today = calendar::utc_day(as_of);
    let groups = group(world, as_of, &query, limits.statistics_rows);

    let mut columns: Vec<String> = Vec::new();
    for axis in &query.axes {
        columns.extend(axis.columns().map(str::to_owned));
    }
    columns.push("Currency".to_owned());
    columns.extend(query.metrics.iter().map(|(name, _)| (*name).to_owned()));

    let undefined = &world.config().zero_denominator;
    let rows = groups
        .rows
        .iter()
        .map(|(key, summary)| {
            let mut row = Vec::with_capacity(columns.len());
            for (axis, value) in query.axes.iter().zip(key) {
                axis.render(world, today, *value, &mut row);
            }
            row.push(query.currency.clone());
            let metrics = query.metrics.iter();
            row.extend(metrics.map(|(_, formula)| formula.evaluate(summary, undefined)));
            row
        })
        .collect();
    let total = query
        .metrics
        .iter()
        .map(|(name, formula)| {
            (
                (*name).to_owned(),
                formula.evaluate(&groups.total, undefined),
            )
        })
        .collect();
    Ok(StatisticsAnswer {
        columns,
        rows,
        total,
        truncated: groups.truncated,
        format: query.format,
    })
}

fn group(world: &World, as_of: Timestamp, query: &Query, cap: Option<usize>) -> Groups<Summary> {
    let mut groups = Groups::new(cap);
    let (first, last) = query.span.clamp(as_of, HISTORY_MONTHS);
    if first > last {
        return groups;
    }
    let now = calendar::minute_of(as_of);
    // A civil day of any zone lies within the UTC days around it.
    let hours = LocalHours::new(&query.span.zone, first - 1, last + 1);
    let mut key = vec![0; query.axes.len()];
    for ad_set in query.ad_sets(world, calendar::utc_day(as_of)) {
        let objectives = 1 << world.marketing_objective(ad_set);
        for utc_day in first - 1..=last + 1 {
            for cell in world.cells(ad_set, utc_day, now) {
                let Some(hour) = hours.of(cell.quarter) else {
                    continue;
                };
                if !(first..=last).contains(&hour.div_euclid(24)) {
                    continue;
                }
                for (part, axis) in key.iter_mut().zip(&query.axes) {
                    *part = axis.key(world, &cell, hour);
                }
                let summary = Summary {
                    measures: cell.measures(world, now, query.rate),
                    objectives,
                };
                groups.add(&key, &summary);
            }
        }
    }
    groups
}
