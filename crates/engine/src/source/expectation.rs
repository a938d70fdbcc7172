//! What an answer has to look like, from what was asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Scope, WindowRead};
use crate::catalog::{Field, Reader, Role, Stamp};
use crate::decode::{Expectation, Shape, Source as ColumnSource};
use crate::stream_spec::StreamSpec;

impl WindowRead<'_> {
    /// The expectation of one report call of this window. `disclosed` is what a placements call asked for.
    pub(super) fn expectation(&self, disclosed: Option<bool>) -> Expectation {
        let (spec, scope) = (self.spec, self.scope);
        let position = |column: &str| spec.schema.position(column);
        let currency_answered = spec.stream.reader == Reader::Statistics;
        let sources = spec
            .fields
            .iter()
            .map(|field| column_source(spec, scope, field, disclosed))
            .collect();
        let day_column = spec.day_column.as_deref().and_then(position);
        Expectation {
            stream: spec.name.clone(),
            window: scope.to_string(),
            shape: shape(spec.stream.reader),
            schema: spec.schema.clone(),
            sources,
            advertiser_column: position("advertiser_id"),
            advertiser_ids: Arc::new(scope.advertisers.iter().cloned().collect::<BTreeSet<_>>()),
            day_column,
            days: scope.days,
            expected_values: position("currency")
                .filter(|_| currency_answered)
                .map(|column| (column, spec.currency.clone()))
                .into_iter()
                .collect(),
            row_cap: spec.stream.row_cap,
            // Transactions do come twice. Disclosed placements must not, and rows that were left out show that they
            // did. Undisclosed ones may be masked alike, so that two of them can be equal and still be two.
            distinct: match spec.stream.reader {
                Reader::Transactions => true,
                Reader::Placements => disclosed == Some(true),
                _ => false,
            },
            additive: (0..)
                .zip(&spec.fields)
                .filter(|(_, field)| field.role == Role::Metric && field.additive)
                .map(|(column, _)| column)
                .collect(),
        }
    }
}

fn shape(reader: Reader) -> Shape {
    match reader {
        Reader::Placements => Shape::Placements,
        Reader::Transactions => Shape::Transactions,
        Reader::MarketplaceCampaignStats
        | Reader::MarketplaceSellerStats
        | Reader::MarketplaceSellerCampaignStats => Shape::MarketplaceStats,
        _ => Shape::Statistics,
    }
}

fn column_source(
    spec: &StreamSpec,
    scope: &Scope,
    field: &Field,
    disclosed: Option<bool>,
) -> ColumnSource {
    let Some(stamp) = field.stamp() else {
        return ColumnSource::Field(field.name.clone());
    };
    match stamp {
        // Criteo names the currency on every statistics row, so there it can be compared instead of believed.
        Stamp::Currency if spec.stream.reader == Reader::Statistics => {
            ColumnSource::Field("Currency".to_owned())
        }
        Stamp::Currency => ColumnSource::Constant(spec.currency.clone()),
        Stamp::TimeZone => ColumnSource::Constant(spec.time_zone_name.clone()),
        Stamp::Day => ColumnSource::Constant(
            scope
                .days
                .map_or_else(String::new, |days| days.first.to_string()),
        ),
        Stamp::Disclosed => ColumnSource::Constant(disclosed.unwrap_or(true).to_string()),
        // Streams with this stamp are read one advertiser at a time.
        Stamp::AdvertiserId => {
            ColumnSource::Constant(scope.advertisers.first().cloned().unwrap_or_default())
        }
        Stamp::AdSetId | Stamp::FileName => ColumnSource::Constant(String::new()),
    }
}
