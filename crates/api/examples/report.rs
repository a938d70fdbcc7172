//! Lists the advertisers that consented to an app, and shows yesterday's clicks of the first.
//!
//! `CRITEO_CLIENT_ID=... CRITEO_CLIENT_SECRET=... cargo run -p criteo-api --example report`

use std::{
    env,
    io::{self, Write},
};

use criteo_api::{Client, ClientOptions, Credentials, MemorySink, ReportFormat, StatisticsQuery};
use jiff::{ToSpan, ZonedDateTime};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = Credentials::new(
        env::var("CRITEO_CLIENT_ID")?,
        env::var("CRITEO_CLIENT_SECRET")?,
    );
    let client = Client::new(
        credentials,
        ClientOptions::from_env(ClientOptions::default())?,
    )?;
    let mut out = io::stdout();

    let advertisers = client.advertisers().await?.data;
    for advertiser in &advertisers {
        let name = advertiser.attributes.advertiser_name.as_deref();
        writeln!(out, "{:?} {:?}", advertiser.id, name)?;
    }
    let Some(id) = advertisers.into_iter().find_map(|advertiser| advertiser.id) else {
        writeln!(out, "No advertiser has consented to this app yet.")?;
        return Ok(());
    };

    let yesterday = ZonedDateTime::now().date() - 1.day();
    let query = StatisticsQuery {
        advertiser_ids: vec![id],
        dimensions: vec!["CampaignId".to_owned()],
        metrics: vec!["Clicks".to_owned(), "AdvertiserCost".to_owned()],
        currency: "EUR".to_owned(),
        format: ReportFormat::Csv,
        timezone: "UTC".to_owned(),
        start_date: yesterday,
        end_date: yesterday,
        ad_set_ids: Vec::new(),
        ad_set_names: Vec::new(),
        ad_set_status: Vec::new(),
    };
    let report = client
        .statistics_report(&query, &mut MemorySink::default())
        .await?;
    out.write_all(&report)?;
    Ok(())
}
