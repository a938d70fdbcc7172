//! What columns are called elsewhere: the words of the advertising trade, and of other platforms, for what Criteo names
//! in its own way.

/// One thing that people know by other words.
struct Synonym {
    /// What they say, with blanks between the words.
    words: &'static [&'static str],
    /// The columns that are meant, in tables and views; one with an asterisk at its end stands for all that begin so.
    columns: &'static [&'static str],
}

/// The one list of them. Its words are the usual ones of the trade, and what they mean here follows from the descriptions
/// of the fields.
const SYNONYMS: &[Synonym] = &[
    Synonym {
        words: &[
            "spend",
            "spent",
            "spending",
            "ad spend",
            "cost",
            "advertiser cost",
            "expense",
        ],
        columns: &["advertiser_cost", "cost"],
    },
    Synonym {
        words: &["impression", "imps", "impr"],
        columns: &["displays", "impressions"],
    },
    Synonym {
        words: &["ctr", "click rate", "click through rate"],
        columns: &["click_through_rate", "ctr"],
    },
    Synonym {
        words: &["cpc", "cost per click"],
        columns: &["cpc", "ecpc"],
    },
    Synonym {
        words: &["cpm", "cost per mille", "cost per thousand"],
        columns: &["ecpm", "cpm"],
    },
    Synonym {
        words: &["conversion", "order", "purchase", "sale"],
        columns: &[
            "sales_*",
            "post_install_sales",
            "omnichannel_sales_*",
            "sale_units",
        ],
    },
    Synonym {
        words: &[
            "revenue",
            "turnover",
            "gmv",
            "conversion value",
            "order value",
            "sales value",
        ],
        columns: &[
            "revenue",
            "revenue_*",
            "post_install_order_value",
            "order_value_pi",
            "omnichannel_revenue_*",
        ],
    },
    Synonym {
        words: &["roas", "return on ad spend", "return on advertising spend"],
        columns: &[
            "roas*",
            "post_install_roas",
            "omnichannel_roas_*",
            "return_on_*",
        ],
    },
    Synonym {
        words: &["acos", "cos", "crr", "cost of sale", "cost revenue ratio"],
        columns: &[
            "cos",
            "cos_*",
            "ecos_*",
            "cost_of_sale_pi",
            "post_install_cost_of_sale",
        ],
    },
    Synonym {
        words: &[
            "cpo",
            "cpa",
            "cost per order",
            "cost per acquisition",
            "cost per conversion",
        ],
        columns: &["cpo*", "cost_per_order_*", "post_install_cost_per_order"],
    },
    Synonym {
        words: &["aov", "average order value", "average basket", "basket"],
        columns: &["average_cart_*"],
    },
    Synonym {
        words: &["cvr", "cr", "conversion rate"],
        columns: &[
            "cr",
            "cvr_*",
            "conversion_rate_*",
            "post_install_conversion_rate",
        ],
    },
    Synonym {
        words: &["cpi"],
        columns: &["cost_per_install*"],
    },
    Synonym {
        words: &["vcr"],
        columns: &["video_completion_rate"],
    },
    Synonym {
        words: &["viewability"],
        columns: &[
            "viewable_displays",
            "non_viewable_displays",
            "untrackable_displays",
        ],
    },
    Synonym {
        words: &["date"],
        columns: &["day"],
    },
    Synonym {
        words: &["account"],
        columns: &["advertiser_id", "advertiser_name"],
    },
    Synonym {
        words: &["ad group", "line item"],
        columns: &["ad_set_id", "ad_set_name"],
    },
    Synonym {
        words: &["publisher", "site", "domain"],
        columns: &["placement", "publisher_domain"],
    },
];

/// Whether people who say `word` may mean the column of this name in a table or view: `spend` is `advertiser_cost`, and
/// `Impressions` are `displays`. Upper and lower case, what stands between words, and a plural's s make no difference.
#[must_use]
pub fn is_synonym(word: &str, column: &str) -> bool {
    let word = normalised(word);
    SYNONYMS
        .iter()
        .filter(|synonym| synonym.words.iter().any(|said| normalised(said) == word))
        .flat_map(|synonym| synonym.columns)
        .any(|pattern| matches(pattern, column))
}

fn matches(pattern: &str, column: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => column.starts_with(beginning),
        None => column == pattern,
    }
}

/// Letters and digits alone, in lower case and without the s of a plural. Short words are abbreviations, which keep it.
fn normalised(word: &str) -> String {
    let letters: String = word
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    match letters.strip_suffix('s') {
        Some(singular) if singular.len() >= 4 => singular.to_owned(),
        _ => letters,
    }
}

#[cfg(test)]
mod tests {
    use super::{SYNONYMS, is_synonym, matches};
    use crate::catalog::Catalog;

    /// Columns that only the views have.
    const OF_VIEWS: [&str; 2] = ["ctr", "cpm"];

    #[test]
    fn every_column_that_is_meant_exists() {
        for pattern in SYNONYMS.iter().flat_map(|synonym| synonym.columns) {
            let mut fields = Catalog::builtin()
                .streams()
                .iter()
                .flat_map(|stream| &stream.fields);
            let is_there = fields.any(|field| matches(pattern, &field.column));
            assert!(is_there || OF_VIEWS.contains(pattern), "{pattern}");
        }
    }

    #[test]
    fn words_of_the_trade_lead_to_columns() {
        for (word, column) in [
            ("spend", "advertiser_cost"),
            ("cost", "advertiser_cost"),
            ("Ad_Spend", "cost"),
            ("impressions", "displays"),
            ("Orders", "sales_pc30d"),
            ("conversions", "sales_all_client_attribution"),
            ("revenue", "revenue_generated_pc30d"),
            ("ROAS", "return_on_advertiser_spending_pi"),
            ("ctr", "click_through_rate"),
            ("CPC", "ecpc"),
            ("cpm", "ecpm"),
            ("AOV", "average_cart_pc7d"),
            ("cpa", "cpo_pc30d"),
            ("date", "day"),
        ] {
            assert!(is_synonym(word, column), "{word}: {column}");
        }
        for (word, column) in [
            ("spend", "displays"),
            ("co", "cos"),
            ("roa", "roas"),
            ("", "day"),
            ("clicks", "clicks"),
        ] {
            assert!(!is_synonym(word, column), "{word}: {column}");
        }
    }
}
