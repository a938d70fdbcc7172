//! The ways in which sales are credited to ads, found in the names of Criteo's metrics.

use criteo_engine::catalog::{Catalog, Field, Role};

/// What columns of sales and revenue begin with, and what the name of their attribution model begins with then.
const PATTERNS: [(&str, &str, &str); 3] = [
    ("sales_", "revenue_generated_", ""),
    ("sales_", "revenue_", ""),
    ("omnichannel_sales_", "omnichannel_revenue_", "omnichannel_"),
];

/// Pairs whose names follow no pattern.
const OTHERS: [(&str, &str, &str); 2] = [
    (
        "post_install_sales",
        "post_install_order_value",
        "post_install",
    ),
    ("sales_pi_pc_pv", "order_value_pi", "pi_pc_pv"),
];

/// One way, with the columns of its sales and of their revenue in a stream's table. Which of them a table has depends on
/// the metrics that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributionModel {
    /// Its name, such as `pc30d`.
    pub key: String,
    /// The column of its sales.
    pub sales: String,
    /// The column of their revenue; empty where Criteo has none.
    pub revenue: String,
    /// What the sales are.
    pub sales_description: &'static str,
    /// What the revenue is.
    pub revenue_description: &'static str,
}

/// The stream of the catalog whose metrics a source has.
fn stream_of(source: &str) -> &str {
    if source == "ad_statistics" {
        "statistics"
    } else {
        source
    }
}

/// All models that the metrics of a source know, in the catalog's order; none for sources without sales.
#[must_use]
pub fn models(source: &str) -> Vec<AttributionModel> {
    let Some(stream) = Catalog::builtin().stream(stream_of(source)) else {
        return Vec::new();
    };
    let metric = |column: &str| {
        let mut fields = stream.fields.iter();
        fields.find(|field| field.column == column && field.role == Role::Metric && field.additive)
    };
    let mut models = Vec::new();
    for sales in stream.fields.iter() {
        if metric(&sales.column).is_none() {
            continue;
        }
        let Some((key, revenue)) = partner(&sales.column, &metric) else {
            continue;
        };
        models.push(AttributionModel {
            key,
            sales: sales.column.clone(),
            revenue: revenue
                .map(|field| field.column.clone())
                .unwrap_or_default(),
            sales_description: &sales.description,
            revenue_description: revenue.map_or("", |field| field.description.as_str()),
        });
    }
    models
}

/// The name of the model whose sales are in this column, and the column of their revenue; `None` where they are no sales.
fn partner<'catalog>(
    sales: &str,
    metric: &impl Fn(&str) -> Option<&'catalog Field>,
) -> Option<(String, Option<&'catalog Field>)> {
    for (name, revenue, key) in OTHERS {
        if name == sales {
            return Some((key.to_owned(), metric(revenue)));
        }
    }
    let mut found = None;
    for (name, revenue, key) in PATTERNS {
        if let Some(rest) = sales.strip_prefix(name) {
            let revenue = metric(&format!("{revenue}{rest}"));
            if revenue.is_some() || found.is_none() {
                found = Some((format!("{key}{rest}"), revenue));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::models;

    #[test]
    fn criteos_attribution_models_are_found_by_their_names() {
        let statistics = models("statistics");
        let keys: Vec<&str> = statistics.iter().map(|model| model.key.as_str()).collect();
        for key in [
            "pc1d",
            "pc7d",
            "pc30d",
            "all_pc30d",
            "pv24h",
            "pc30d_pv24h",
            "pc7d_pv24",
            "lc",
            "client_attribution",
            "all_client_attribution",
            "offline_pc30d",
            "omnichannel_pc30d",
            "post_install",
            "pi_pc_pv",
        ] {
            assert!(keys.contains(&key), "{key} is not among {keys:?}");
        }
        let mut once = keys.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), keys.len(), "{keys:?}");
        let without: Vec<_> = statistics
            .iter()
            .filter(|model| model.revenue.is_empty())
            .collect();
        let names: Vec<&str> = without.iter().map(|model| model.key.as_str()).collect();
        // Of these Criteo tells the number alone.
        assert_eq!(names, ["pi_pc", "pi_pv"]);
        let placements: Vec<String> = models("placements")
            .into_iter()
            .map(|model| model.key)
            .collect();
        assert_eq!(placements, ["pc30d", "pv1d"]);
        assert_eq!(models("placements")[0].revenue, "revenue_pc30d");
        assert_eq!(models("ad_statistics"), statistics);
        assert!(models("campaigns").is_empty());
    }
}
