//! The question that the demo answers from the file it has just filled.

use criteo_engine::config::Config;
use criteo_engine::destination;
use serde_json::json;

use crate::printer::Printer;
use crate::table::{Column, TextTable};
use crate::wording::grouped;

/// Spend, clicks, sales and return on advertising spend by campaign, over the last 30 days that are loaded.
const QUESTION: &str = "\
SELECT campaign_name,
       sum(advertiser_cost)::DECIMAL(18, 2) AS spend,
       sum(clicks) AS clicks,
       sum(sales_pc30d) AS sales,
       (sum(revenue_generated_pc30d) / nullif(sum(advertiser_cost), 0))::DECIMAL(18, 2) AS roas
FROM statistics
WHERE day > (SELECT max(day) FROM statistics) - 30
GROUP BY campaign_id, campaign_name
ORDER BY sum(advertiser_cost) DESC";

/// Asks the file, and prints what it says.
pub(super) async fn print(printer: &Printer, config: &Config) -> anyhow::Result<()> {
    let answer = destination::open(config).query(QUESTION).await?;
    if printer.is_json() {
        printer
            .data(json!({ "event": "answer", "columns": answer.columns, "rows": answer.rows }))?;
        return Ok(());
    }
    printer
        .data("\nWhat did each campaign cost and bring in the last 30 days? The file says:\n")?;
    let mut table = TextTable::new(&[
        Column::Words("CAMPAIGN"),
        Column::Number("SPEND, EUR"),
        Column::Number("CLICKS"),
        Column::Number("SALES"),
        Column::Number("ROAS"),
    ]);
    for row in answer.rows {
        table.row(
            row.into_iter()
                .map(|cell| grouped(&cell.unwrap_or_default())),
        );
    }
    printer.data(table.render())?;
    Ok(())
}
