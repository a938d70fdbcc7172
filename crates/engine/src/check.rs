//! Proves link by link that a sync could work: key, advertisers, each permission, destination.

use criteo_api::{CampaignSearch, Error as ApiError, MemorySink, ReportFormat, StatisticsQuery};
use serde::Serialize;

use crate::calendar::add_days;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::sync;

/// One link of the chain.
#[derive(Debug, Clone, Serialize)]
pub struct CheckLine {
    /// What was checked.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do next, when it does not work.
    pub hint: Option<String>,
}

impl CheckLine {
    fn passed(name: &str, detail: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            ok: true,
            detail: detail.into(),
            hint: None,
        }
    }

    fn failed(name: &str, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            ok: false,
            detail: detail.into(),
            hint,
        }
    }

    fn of_call<T>(name: &str, answer: Result<T, ApiError>, detail: &str) -> Self {
        match answer {
            Ok(_) => Self::passed(name, detail),
            Err(error) => Self::failed(name, error.to_string(), error.hint()),
        }
    }
}

impl Engine {
    /// Checks every link, each with the cheapest call there is. A link that cannot be checked because an earlier one
    /// is broken is left out.
    pub async fn check(&self) -> Vec<CheckLine> {
        let mut lines = Vec::new();
        let has_key = self.check_key(&mut lines).await;
        if has_key {
            self.check_reading(&mut lines).await;
        }
        lines.push(match self.destination.check().await {
            Ok(()) => CheckLine::passed(
                "destination",
                format!("{} can be written to", self.destination.describe()),
            ),
            Err(error) => CheckLine::failed("destination", error.to_string(), error.hint()),
        });
        lines
    }

    async fn check_key(&self, lines: &mut Vec<CheckLine>) -> bool {
        match self.client.current_application().await {
            Ok(answer) => {
                let name = answer
                    .data
                    .attributes
                    .name
                    .unwrap_or_else(|| "an app without a name".to_owned());
                lines.push(CheckLine::passed(
                    "app key",
                    format!("Criteo accepts it; the app is called '{name}'"),
                ));
                true
            }
            Err(error) => {
                lines.push(CheckLine::failed(
                    "app key",
                    error.to_string(),
                    error.hint(),
                ));
                false
            }
        }
    }

    async fn check_reading(&self, lines: &mut Vec<CheckLine>) {
        let advertisers = match sync::granted_advertisers(&self.client).await {
            Ok(granted) => sync::configured(self, &granted),
            Err(error) => Err(error),
        };
        let advertiser = match advertisers {
            Ok((found, missing)) if missing.is_empty() => {
                lines.push(CheckLine::passed(
                    "advertisers",
                    format!("{} can be read", found.len()),
                ));
                found.into_iter().next()
            }
            Ok((found, missing)) => {
                let detail = format!(
                    "{} can be read; not granted: {}",
                    found.len(),
                    missing.join(", ")
                );
                let hint = EngineError::NoAdvertisers {
                    message: String::new(),
                }
                .hint();
                lines.push(CheckLine::failed("advertisers", detail, hint));
                found.into_iter().next()
            }
            Err(error) => {
                lines.push(CheckLine::failed(
                    "advertisers",
                    error.to_string(),
                    error.hint(),
                ));
                None
            }
        };
        if let Some(advertiser) = advertiser {
            lines.push(self.check_analytics(&advertiser).await);
            lines.push(self.check_campaigns(&advertiser).await);
            lines.push(self.check_creatives(&advertiser).await);
        }
    }

    async fn check_analytics(&self, advertiser: &str) -> CheckLine {
        let Some(spec) = self.specs.first() else {
            return CheckLine::failed(
                "Analytics Read",
                "There is no stream to check it with",
                None,
            );
        };
        let yesterday = add_days(self.clock.today(&self.time_zone), -1);
        let query = StatisticsQuery {
            advertiser_ids: vec![advertiser.to_owned()],
            dimensions: vec!["AdvertiserId".to_owned()],
            metrics: vec!["Clicks".to_owned()],
            currency: spec.currency.clone(),
            format: ReportFormat::Json,
            timezone: spec.time_zone_name.clone(),
            start_date: yesterday,
            end_date: yesterday,
            ad_set_ids: Vec::new(),
            ad_set_names: Vec::new(),
            ad_set_status: Vec::new(),
        };
        let answer = self
            .client
            .statistics_report(&query, &mut MemorySink::default())
            .await;
        CheckLine::of_call("Analytics Read", answer, "reports can be read")
    }

    async fn check_campaigns(&self, advertiser: &str) -> CheckLine {
        let search = CampaignSearch {
            advertiser_ids: vec![advertiser.to_owned()],
            ..CampaignSearch::default()
        };
        let answer = self.client.search_campaigns(&search).await;
        CheckLine::of_call(
            "Campaigns Read",
            answer,
            "campaigns and ad sets can be read",
        )
    }

    async fn check_creatives(&self, advertiser: &str) -> CheckLine {
        let answer = self.client.advertiser_ads(advertiser, 1, 0).await;
        CheckLine::of_call(
            "Creatives Read",
            answer,
            "ads, creatives and coupons can be read",
        )
    }
}
