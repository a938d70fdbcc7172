//! What must hold for every file of the catalog.

use std::collections::BTreeSet;

use criteo_api::contract;
use jiff::civil::date;

use super::files::FILES;
use super::{Catalog, CatalogError, Field, FieldType, Role, Scope, Split, Stamp, StreamKind};

#[test]
fn every_file_parses_and_bears_the_name_of_its_stream() {
    let catalog = Catalog::from_files(FILES).unwrap();
    for ((file, _), stream) in FILES.iter().zip(catalog.streams()) {
        assert_eq!(*file, format!("{}.toml", stream.name));
    }
}

#[test]
fn every_file_of_the_folder_is_compiled_in() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let compiled_in: BTreeSet<String> = FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(on_disk, compiled_in);
}

#[test]
fn stream_names_are_unique() {
    let names: BTreeSet<&str> = Catalog::builtin()
        .streams()
        .iter()
        .map(|stream| stream.name.as_str())
        .collect();
    assert_eq!(names.len(), Catalog::builtin().streams().len());
}

#[test]
fn names_and_columns_are_unique_and_columns_are_plain_identifiers() {
    for stream in Catalog::builtin().streams() {
        assert_identifier(&stream.name);
        let mut names = BTreeSet::new();
        let mut columns = BTreeSet::new();
        for field in &stream.fields {
            let (name, column) = (&field.name, &field.column);
            assert_identifier(column);
            assert!(
                columns.insert(column.to_ascii_lowercase()),
                "{}.{column} twice",
                stream.name
            );
            assert!(
                names.insert(name.to_ascii_lowercase()),
                "{}: {name} twice",
                stream.name
            );
        }
    }
}

/// Lower case letters, digits and single underscores, beginning with a letter: quoting is then a matter of taste in
/// every destination.
fn assert_identifier(name: &str) {
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    assert!(
        is_plain && name.starts_with(|c: char| c.is_ascii_lowercase()),
        "{name} is not a plain identifier"
    );
    assert!(
        !name.contains("__") && !name.ends_with('_') && name.len() <= 63,
        "{name} is not a plain identifier"
    );
}

#[test]
fn ids_are_text_wherever_they_occur() {
    for stream in Catalog::builtin().streams() {
        for field in stream.fields.iter().filter(|f| f.column.ends_with("_id")) {
            assert_eq!(
                field.field_type,
                FieldType::Text,
                "{}.{}",
                stream.name,
                field.column
            );
        }
    }
}

#[test]
fn every_stream_and_field_is_described_in_whole_sentences() {
    for stream in Catalog::builtin().streams() {
        assert!(stream.description.ends_with('.'), "{}", stream.name);
        assert!(!stream.title.is_empty(), "{}", stream.name);
        for field in &stream.fields {
            assert!(
                field.description.ends_with('.')
                    && field.description.starts_with(char::is_uppercase),
                "{}.{}: {}",
                stream.name,
                field.name,
                field.description
            );
        }
    }
}

#[test]
fn only_metrics_are_additive_and_nothing_additive_is_inexact() {
    for stream in Catalog::builtin().streams() {
        for field in stream.fields.iter().filter(|field| field.additive) {
            assert_eq!(field.role, Role::Metric, "{}.{}", stream.name, field.name);
            assert!(
                matches!(field.field_type, FieldType::Integer | FieldType::Money),
                "{}.{}",
                stream.name,
                field.name
            );
        }
    }
}

#[test]
fn pairs_are_symmetric_and_join_dimensions() {
    for stream in Catalog::builtin().streams() {
        for field in &stream.fields {
            let Some(twin) = &field.pair else { continue };
            let twin = stream.field(twin).unwrap();
            assert_eq!(twin.pair.as_deref(), Some(field.name.as_str()));
            assert_eq!((field.role, twin.role), (Role::Dimension, Role::Dimension));
        }
    }
}

#[test]
fn statistics_has_the_pairs_of_the_contract() {
    let statistics = Catalog::builtin().stream("statistics").unwrap();
    let pairs: BTreeSet<(&str, &str)> = statistics
        .dimensions()
        .filter_map(|field| Some((field.name.as_str(), field.pair.as_deref()?)))
        .filter(|(name, _)| name.ends_with("Id"))
        .collect();
    assert_eq!(
        pairs,
        contract::STATISTICS_ID_NAME_PAIRS.iter().copied().collect()
    );
}

#[test]
fn reports_offer_exactly_the_dimensions_and_metrics_of_the_contract() {
    let placements = (contract::PLACEMENT_DIMENSIONS, contract::PLACEMENT_METRICS);
    let statistics = (
        contract::STATISTICS_DIMENSIONS,
        contract::STATISTICS_METRICS,
    );
    for (name, (dimensions, metrics)) in [
        ("statistics", statistics),
        ("placements", placements),
        ("placement_categories", placements),
    ] {
        let stream = Catalog::builtin().stream(name).unwrap();
        assert_eq!(
            names(stream.dimensions()),
            dimensions.iter().copied().collect(),
            "{name}"
        );
        assert_eq!(
            names(stream.metrics()),
            metrics.iter().copied().collect(),
            "{name}"
        );
    }
}

#[test]
fn transactions_have_the_fields_of_the_contract() {
    let transactions = Catalog::builtin().stream("transactions").unwrap();
    let mut known = names(transactions.attributes());
    // The catalog has the currency as a stamp, as everywhere.
    known.insert("currency");
    assert_eq!(
        known,
        contract::TRANSACTION_FIELDS.iter().copied().collect()
    );
}

fn names<'fields>(fields: impl Iterator<Item = &'fields Field>) -> BTreeSet<&'fields str> {
    fields.map(|field| field.name.as_str()).collect()
}

#[test]
fn defaults_are_fields_of_the_right_role() {
    for stream in Catalog::builtin().streams() {
        for name in &stream.default_dimensions {
            assert_eq!(stream.field(name).unwrap().role, Role::Dimension, "{name}");
        }
        for name in &stream.default_metrics {
            assert_eq!(stream.field(name).unwrap().role, Role::Metric, "{name}");
        }
        let selectable = stream.dimensions().next().is_some();
        assert_eq!(
            selectable,
            !stream.default_dimensions.is_empty(),
            "{}",
            stream.name
        );
    }
}

#[test]
fn the_default_statistics_report_is_additive_throughout() {
    let statistics = Catalog::builtin().stream("statistics").unwrap();
    assert!((20..=30).contains(&statistics.default_metrics.len()));
    for name in &statistics.default_metrics {
        assert!(statistics.field(name).unwrap().additive, "{name}");
    }
}

#[test]
fn keys_and_days_are_columns_that_exist() {
    for stream in Catalog::builtin().streams() {
        for column in &stream.key {
            assert!(
                stream.fields.iter().any(|field| field.column == *column),
                "{}: {column}",
                stream.name
            );
        }
        assert_eq!(
            stream.kind == StreamKind::Entity,
            stream.day_field.is_none(),
            "{}",
            stream.name
        );
        assert_eq!(
            stream.kind == StreamKind::Entity,
            !stream.key.is_empty(),
            "{}",
            stream.name
        );
        if let Some(day_field) = &stream.day_field {
            let day_type = stream.field(day_field).unwrap().field_type;
            assert!(matches!(day_type, FieldType::Date | FieldType::Timestamp));
        }
    }
}

#[test]
fn every_stamp_is_one_the_engine_can_write() {
    for stream in Catalog::builtin().streams() {
        for field in &stream.fields {
            assert_eq!(field.role == Role::Stamp, field.stamp().is_some());
        }
    }
}

#[test]
fn every_report_says_its_time_zone_and_the_currency_where_one_was_asked_for() {
    for stream in Catalog::builtin().streams() {
        let stamps: Vec<Stamp> = stream.stamps().filter_map(Field::stamp).collect();
        let is_report = stream.kind == StreamKind::Report;
        let name = &stream.name;
        assert_eq!(stamps.contains(&Stamp::TimeZone), is_report, "{name}");
        // Marketplace reports come in each advertiser's own currency: the one of the configuration would be a lie.
        let has_chosen_currency = is_report && stream.scope == Some(Scope::AnalyticsRead);
        assert_eq!(
            stamps.contains(&Stamp::Currency),
            has_chosen_currency,
            "{name}"
        );
    }
}

#[test]
fn fields_are_found_in_any_case_and_streams_only_as_spelt() {
    let catalog = Catalog::builtin();
    let statistics = catalog.stream("statistics").unwrap();
    assert_eq!(statistics.field("adsetid").unwrap().column, "ad_set_id");
    assert_eq!(statistics.field("VISITSPV1D").unwrap().name, "VisitsPV1D");
    assert!(statistics.field("Impressions").is_none());
    assert!(catalog.stream("Statistics").is_none());
}

#[test]
fn a_misspelt_name_finds_the_nearest_known_one() {
    let catalog = Catalog::builtin();
    assert_eq!(catalog.suggest_stream("statistic"), Some("statistics"));
    assert_eq!(catalog.suggest_stream("Campains"), Some("campaigns"));
    assert_eq!(catalog.suggest_stream("weather"), None);
    assert_eq!(catalog.suggest_stream("stats"), Some("statistics"));
    assert_eq!(catalog.suggest_stream("place"), None, "two begin like that");
    let statistics = catalog.stream("statistics").unwrap();
    assert_eq!(statistics.suggest_field("AdSetId"), Some("AdsetId"));
    assert_eq!(
        statistics.suggest_field("advertiser_cost"),
        Some("AdvertiserCost")
    );
    assert_eq!(statistics.suggest_field("Clics"), Some("Clicks"));
    assert_eq!(statistics.suggest_field("Temperature"), None);
}

#[test]
fn history_is_counted_back_from_the_last_readable_day() {
    let catalog = Catalog::builtin();
    let today = date(2026, 11, 23);
    let statistics = catalog.stream("statistics").unwrap();
    assert_eq!(
        statistics.first_readable_day(today),
        Some(date(2024, 11, 23))
    );
    assert_eq!(statistics.last_readable_day(today), today);
    let placements = catalog.stream("placements").unwrap();
    assert_eq!(
        placements.first_readable_day(today),
        Some(date(2026, 8, 23))
    );
    assert_eq!(placements.last_readable_day(today), date(2026, 11, 22));
    let log_files = catalog.stream("transparency").unwrap();
    assert_eq!(
        log_files.first_readable_day(today),
        Some(date(2026, 10, 24))
    );
    let campaigns = catalog.stream("campaigns").unwrap();
    assert_eq!(campaigns.first_readable_day(today), None);
}

#[test]
fn limits_are_what_criteo_documents() {
    let catalog = Catalog::builtin();
    for (name, row_cap) in [
        ("statistics", Some(contract::STATISTICS_ROW_CAP)),
        ("transactions", Some(contract::STATISTICS_ROW_CAP)),
        ("placements", Some(contract::PLACEMENT_ROW_CAP)),
        ("placement_categories", Some(contract::PLACEMENT_ROW_CAP)),
        ("campaigns", None),
    ] {
        assert_eq!(catalog.stream(name).unwrap().row_cap, row_cap, "{name}");
    }
    let placements = catalog.stream("placements").unwrap();
    assert_eq!(placements.max_days_per_call, Some(1));
    assert!(!placements.splits.contains(&Split::Days));
}

#[test]
fn a_key_nobody_knows_is_refused_with_the_file_it_stands_in() {
    let text = "name = \"odd\"\ncolour = \"green\"\n";
    let error = Catalog::from_files(&[("odd.toml", text)]).unwrap_err();
    let CatalogError::Unreadable { file, .. } = &error;
    assert_eq!(file, "odd.toml");
    assert!(error.to_string().contains("colour"), "{error}");
}
