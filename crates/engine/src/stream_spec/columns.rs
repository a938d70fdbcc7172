//! Which columns a stream's table has, and which of them says when.

use crate::catalog::{Field, Reader, Role, Stream};
use crate::error::EngineError;
use crate::plan::period::Period;
use crate::schema::Column;

/// The column of a field.
pub(super) fn column(field: &Field) -> Column {
    Column {
        name: field.column.clone(),
        field_type: field.field_type,
        description: field.description.clone(),
    }
}

/// The fields of these names, each once.
pub(super) fn fields(
    stream: &'static Stream,
    names: &[String],
) -> Result<Vec<&'static Field>, EngineError> {
    let mut found: Vec<&'static Field> = Vec::new();
    for name in names {
        let field = stream
            .field(name)
            .ok_or_else(|| EngineError::Configuration {
                message: format!("Stream '{}' has no field '{name}'", stream.name),
            })?;
        if !found.iter().any(|known| known.column == field.column) {
            found.push(field);
        }
    }
    Ok(found)
}

/// Windows are replaced by advertiser and by day, so a chosen grain always has both. The report of an account by
/// device is then the sum over its advertisers and days, which is what Criteo would have summed itself.
pub(super) fn with_advertiser_and_time(
    stream: &'static Stream,
    mut dimensions: Vec<&'static Field>,
) -> Vec<&'static Field> {
    if dimensions.is_empty() || !matches!(stream.reader, Reader::Statistics | Reader::Placements) {
        return dimensions;
    }
    let has = |dimensions: &[&Field], names: &[&str]| {
        dimensions
            .iter()
            .any(|field| names.iter().any(|name| field.name == *name))
    };
    if !has(&dimensions, &["AdvertiserId"])
        && let Some(field) = stream.field("AdvertiserId")
    {
        dimensions.insert(0, field);
    }
    if stream.reader == Reader::Statistics
        && !has(&dimensions, &["Day", "Week", "Month", "Year"])
        && let Some(field) = stream.field("Day")
    {
        dimensions.push(field);
    }
    dimensions
}

/// The table's columns: dimensions, each beside the twin Criteo sends along, then stamps, then metrics; for streams
/// without a choice, the catalog's order.
pub(super) fn table_fields(
    stream: &'static Stream,
    dimensions: &[&'static Field],
    metrics: &[&'static Field],
) -> Vec<&'static Field> {
    let mut columns: Vec<&'static Field> = Vec::new();
    let mut add = |field: &'static Field| {
        if !columns.iter().any(|known| known.column == field.column) {
            columns.push(field);
        }
    };
    if dimensions.is_empty() && metrics.is_empty() {
        stream.fields.iter().for_each(add);
        return columns;
    }
    for dimension in dimensions {
        add(dimension);
        if let Some(twin) = dimension
            .pair
            .as_deref()
            .and_then(|name| stream.field(name))
        {
            add(twin);
        }
    }
    stream.stamps().for_each(&mut add);
    stream.attributes().for_each(&mut add);
    metrics.iter().copied().for_each(&mut add);
    columns
}

pub(super) fn time_step(
    stream: &Stream,
    fields: &[&'static Field],
    dimensions: &[&'static Field],
) -> (Period, Option<String>) {
    let Some(day_field) = stream.day_field.as_deref() else {
        return (Period::Day, None);
    };
    if let Some(field) = fields
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(day_field))
    {
        return (Period::Day, Some(field.column.clone()));
    }
    let coarse = [
        ("Week", Period::Week),
        ("Month", Period::Month),
        ("Year", Period::Year),
    ];
    for (name, period) in coarse {
        if let Some(field) = dimensions
            .iter()
            .find(|field| field.role == Role::Dimension && field.name == name)
        {
            return (period, Some(field.column.clone()));
        }
    }
    (Period::Day, None)
}
