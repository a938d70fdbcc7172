//! What each model needs and what its columns mean, as data: `models.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::attribution;
use crate::sources::{BY_AD, Sources};

const FILE: &str = include_str!("../models.toml");

/// The templates, by the names of their models.
const TEMPLATES: [(&str, &str); 6] = [
    (
        "campaign_daily",
        include_str!("../../../dbt/models/criteo_campaign_daily.sql"),
    ),
    (
        "ad_set_daily",
        include_str!("../../../dbt/models/criteo_ad_set_daily.sql"),
    ),
    (
        "ad_daily",
        include_str!("../../../dbt/models/criteo_ad_daily.sql"),
    ),
    (
        "placements_ranked",
        include_str!("../../../dbt/models/criteo_placements_ranked.sql"),
    ),
    (
        "orders",
        include_str!("../../../dbt/models/criteo_orders.sql"),
    ),
    (
        "spend_pacing",
        include_str!("../../../dbt/models/criteo_spend_pacing.sql"),
    ),
];

/// One model: a view here, a model of the dbt package there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name, without the prefix of the views.
    pub name: String,
    /// The source that it is about.
    pub facts: String,
    /// Columns of `facts` without which there is no such view.
    pub requires: Vec<String>,
    /// Of these, written `source.column`, or several that belong together with a plus between them, at least one has to be
    /// there, if there are any.
    #[serde(default)]
    pub any_of: Vec<String>,
    /// Columns of `facts` with which there is no such view.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// What a row stands for.
    pub description: String,
    /// The columns that tell rows apart, as far as they are there.
    pub key: Vec<String>,
    columns: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Entry {
    Attribution { attribution: bool },
    Column(ColumnEntry),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnEntry {
    name: String,
    description: String,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
}

/// A column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedColumn {
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: String,
    /// The names of tests that hold for it.
    pub tests: Vec<String>,
}

impl Model {
    /// All models, in the order in which people are told of them.
    ///
    /// # Panics
    /// Never with the file as it is committed; a test reads it.
    #[must_use]
    pub fn all() -> &'static [Model] {
        #[derive(Deserialize)]
        struct File {
            model: Vec<Model>,
        }
        static ALL: OnceLock<Vec<Model>> = OnceLock::new();
        ALL.get_or_init(|| {
            let read: Result<File, _> = toml::from_str(FILE);
            read.expect("models.toml is valid, which a test proves")
                .model
        })
    }

    /// The template of its query.
    #[must_use]
    pub fn template(&self) -> &'static str {
        TEMPLATES
            .iter()
            .find_map(|(name, text)| (*name == self.name).then_some(*text))
            .unwrap_or_default()
    }

    /// Why there is no such view of these sources; `None` where there is one.
    #[must_use]
    pub fn missing(&self, sources: &Sources) -> Option<String> {
        let facts = sources.described(&self.facts);
        if sources.columns(&self.facts).is_empty() {
            if self.facts == BY_AD {
                return Some(format!(
                    "there is no table of {facts}; a custom report makes one: `[[reports]]` in the configuration with a \
                     `name`, the `metrics` that are wanted, and `dimensions = [\"AdvertiserId\", \"CampaignId\", \
                     \"AdsetId\", \"AdId\", \"Day\"]`"
                ));
            }
            return Some(format!("there is no table of {facts}"));
        }
        let lacking: Vec<&str> = self
            .requires
            .iter()
            .filter(|column| !sources.has(&self.facts, column))
            .map(String::as_str)
            .collect();
        if !lacking.is_empty() {
            let columns = lacking.join(", ");
            return Some(format!("the table of {facts} has no {columns}"));
        }
        let excluded = self
            .excludes
            .iter()
            .find(|column| sources.has(&self.facts, column));
        if let Some(column) = excluded {
            return Some(format!(
                "the table of {facts} has {column}, so its rows overlap and must not be added up"
            ));
        }
        let is_there = |written: &String| {
            written.split(" + ").all(|one| {
                one.split_once('.')
                    .is_some_and(|(source, column)| sources.has(source, column))
            })
        };
        if self.any_of.is_empty() || self.any_of.iter().any(is_there) {
            return None;
        }
        Some(format!("there is none of {}", self.any_of.join(", ")))
    }

    /// The columns that the view of these sources has, in order.
    #[must_use]
    pub fn columns(&self, sources: &Sources) -> Vec<DescribedColumn> {
        let mut columns = Vec::new();
        for entry in &self.columns {
            match entry {
                Entry::Column(column) => {
                    let mut needs = column.needs.iter();
                    if needs.all(|needed| sources.has(&self.facts, needed)) {
                        columns.push(DescribedColumn {
                            name: column.name.clone(),
                            description: column.description.clone(),
                            tests: column.tests.clone(),
                        });
                    }
                }
                Entry::Attribution { attribution } if *attribution => {
                    columns.extend(attribution_columns(&self.facts, sources));
                }
                Entry::Attribution { .. } => {}
            }
        }
        columns
    }
}

/// The column of a source that says what the advertiser spent.
fn cost_column(source: &str) -> &'static str {
    if source == "placements" {
        "cost"
    } else {
        "advertiser_cost"
    }
}

fn attribution_columns(facts: &str, sources: &Sources) -> Vec<DescribedColumn> {
    let has_cost = sources.has(facts, cost_column(facts));
    let mut columns = Vec::new();
    let mut push = |name: String, description: String, tests: &[&str]| {
        columns.push(DescribedColumn {
            name,
            description,
            tests: tests.iter().map(|test| (*test).to_owned()).collect(),
        });
    };
    for model in attribution::models(facts) {
        let key = &model.key;
        if sources.has(facts, &model.sales) {
            let description = model.sales_description.to_owned();
            push(format!("sales_{key}"), description, &["at_least_0"]);
        }
        if !sources.has(facts, &model.revenue) {
            continue;
        }
        let description = format!("{} Exact.", model.revenue_description);
        push(format!("revenue_{key}"), description, &[]);
        if has_cost {
            push(
                format!("roas_{key}"),
                format!("Return on advertising spend: revenue_{key} / cost; NULL without cost."),
                &[],
            );
            push(
                format!("cos_{key}"),
                format!("Cost of sale: cost / revenue_{key}; NULL without revenue."),
                &[],
            );
        }
    }
    columns
}
