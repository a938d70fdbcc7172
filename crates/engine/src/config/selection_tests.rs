//! What may be selected: streams, reports, dimensions, metrics, tables.

use super::tests::problems;

#[test]
fn streams_and_their_fields_must_exist() {
    assert_eq!(
        problems("[streams.campaign]\nenabled = true\n"),
        [
            "line 4: There is no stream `campaign`; did you mean `campaigns`? (`criteo streams` lists them all)"
        ]
    );
    assert_eq!(
        problems(
            "[streams.statistics]\nmetrics = [\n  \"Clicks\",\n  \"AdvertiserCosts\",\n  \"Day\",\n  \"Clicks\",\n]\n"
        ),
        [
            "line 7: `statistics` has no metric \"AdvertiserCosts\"; did you mean \"AdvertiserCost\"? (`criteo fields \
             statistics` lists them all)",
            "line 8: \"Day\" belongs into `dimensions`, not into `metrics`",
            "line 9: `metrics` names \"Clicks\" twice",
        ]
    );
    assert!(
        problems("[streams.statistics]\nmetrics = [\"advertiser_cost\"]\n")[0]
            .contains("did you mean \"AdvertiserCost\"?")
    );
}

#[test]
fn the_words_of_the_trade_lead_to_criteos_names() {
    let of_metric =
        |name: &str| problems(&format!("[streams.statistics]\nmetrics = [\"{name}\"]\n")).remove(0);
    for (word, name) in [
        ("Cost", "AdvertiserCost"),
        ("spend", "AdvertiserCost"),
        ("Impressions", "Displays"),
    ] {
        let expected = format!("no metric \"{word}\"; did you mean \"{name}\"?");
        assert!(of_metric(word).contains(&expected), "{}", of_metric(word));
    }
    // Many go by this one.
    let orders = of_metric("Orders");
    assert!(
        orders.contains("that go by this word, such as \"Sales"),
        "{orders}"
    );
    // Only what can stand in this list.
    let placement = of_metric("Publisher");
    assert!(!placement.contains("did you mean"), "{placement}");
}

#[test]
fn listings_have_neither_days_nor_choices() {
    let problems =
        problems("[streams.campaigns]\nmetrics = [\"Clicks\"]\nstart_date = \"2026-01-01\"\n");
    assert!(
        problems[0].starts_with("line 5: `campaigns` has no metrics to choose"),
        "{problems:?}"
    );
    assert!(
        problems[1].starts_with("line 6: `start_date` does not apply"),
        "{problems:?}"
    );
}

#[test]
fn names_of_reports_and_tables_do_not_clash() {
    let report = |name: &str, rest: &str| {
        format!(
            "[[reports]]\nname = \"{name}\"\ndimensions = [\"AdvertiserId\", \"Day\"]\nmetrics = [\"Clicks\"]\n{rest}\n"
        )
    };
    assert!(
        problems(&report("ads", ""))[0].starts_with("line 5: `ads` is a stream of the catalog")
    );
    assert!(problems(&report("By_Device", ""))[0].contains("must be in lower case: \"by_device\""));
    assert!(problems(&report("by device", ""))[0].contains("cannot be \"by device\""));
    for (wrong, accepted) in [
        ("By Device", "by_device"),
        ("by - device!", "by_device"),
        ("_By", "by"),
    ] {
        let problems = problems(&report(wrong, ""));
        let suggestion = format!("; did you mean \"{accepted}\"?");
        assert!(problems[0].ends_with(&suggestion), "{problems:?}");
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
    // What would be refused as well is not suggested.
    for hopeless in ["2026 Sales", "!", "ad sets"] {
        let problems = problems(&report(hopeless, ""));
        assert!(
            problems[0].ends_with("beginning with a letter"),
            "{problems:?}"
        );
    }
    let of_stream = problems(&report("Ads", ""));
    assert!(
        of_stream
            .iter()
            .any(|problem| problem.ends_with("must be in lower case")),
        "{of_stream:?}"
    );
    assert!(
        problems(&(report("mine", "") + &report("mine", "")))[0]
            .ends_with("There are two reports named `mine`")
    );
    assert_eq!(
        problems(&report("mine", "table = \"ADS\"")),
        [
            "line 8: `ads` and `mine` would both land in the table `ADS`; give one of them another `table`"
        ]
    );
    assert_eq!(
        problems("[streams.campaigns]\ntable = \"ads\"\n"),
        [
            "line 5: `campaigns` and `ads` would both land in the table `ads`; give one of them another `table`"
        ]
    );
    assert!(
        problems(&format!(
            "{}[streams.mine]\nenabled = false\n",
            report("mine", "")
        ))[0]
            .contains("is a custom report")
    );
}
