//! The key, and what it may read.

use std::time::{Duration, SystemTime};

use criteo_engine::doctor::CauseId;
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox};

use super::{command_with_key, command_with_key_file, sandbox, shows};
use crate::{Ended, Folder};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the key file as old as given.
fn age_key(folder: &Folder, age: Duration) {
    let file = std::fs::File::options()
        .write(true)
        .open(folder.path().join("key.txt"))
        .unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

fn lead_to(folder: &Folder, sandbox: &Sandbox, rest: &str) {
    let url = sandbox.url();
    folder.write(
        "criteo.toml",
        &format!("[criteo]\ncurrency = \"EUR\"\napi_url = \"{url}\"\n{rest}"),
    );
}

/// A folder whose ledger knows all advertisers of the sandbox.
fn after_a_sync(sandbox: &Sandbox) -> Folder {
    let folder = Folder::at(sandbox, "");
    let mut command = command_with_key(&folder);
    Ended::of(command.args(["sync", "-s", "campaigns"])).with_code(0);
    folder
}

#[test]
fn a_wrong_secret() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let mut command = command_with_key(&folder);
    command.env("CRITEO_CLIENT_SECRET", "hunter2+secret/=");
    let report = shows(CauseId::KeyWrong, "-secret", command, 1);
    assert!(!report.to_string().contains("hunter2"));
    let token = &report["links"][9];
    assert_eq!(
        token["perhaps"],
        serde_json::json!(["key_not_active_yet", "key_deleted"])
    );
}

#[test]
fn id_and_secret_of_two_keys() {
    let sandbox = sandbox(
        "[[keys]]\nclient_id = \"one\"\nclient_secret = \"first\"\n\
         [[keys]]\nclient_id = \"two\"\nclient_secret = \"second\"\n",
    );
    let folder = Folder::at(&sandbox, "");
    let command = command_with_key_file(&folder, "one", "second");
    age_key(&folder, 3 * DAY);
    shows(CauseId::KeyWrong, "-mismatched", command, 1);
}

#[test]
fn a_key_that_worked_and_was_deleted() {
    let before = sandbox("");
    let folder = Folder::at(&before, "");
    let mut command = command_with_key_file(&folder, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET);
    age_key(&folder, 3 * DAY);
    Ended::of(command.args(["sync", "-s", "campaigns"])).with_code(0);
    let after = sandbox(
        "[[keys]]\nclient_id = \"sandbox-client\"\nclient_secret = \"sandbox+secret/=\"\n\
         deleted_after_seconds = 0\n",
    );
    lead_to(&folder, &after, "");
    let mut command = super::command(&folder);
    command.env("CRITEO_KEY_FILE", "key.txt");
    shows(CauseId::KeyDeleted, "", command, 1);
}

/// The runs in the ledger were made with another key, so this one cannot be said to have worked.
#[test]
fn a_new_key_of_the_environment_is_not_called_deleted() {
    let scenario =
        "[[keys]]\nclient_id = \"sandbox-client\"\nclient_secret = \"sandbox+secret/=\"\n";
    let before = sandbox(scenario);
    let folder = after_a_sync(&before);
    let mut command = command_with_key(&folder);
    command
        .env("CRITEO_CLIENT_ID", "new-client")
        .env("CRITEO_CLIENT_SECRET", "new+secret/=");
    shows(CauseId::KeyWrong, "-new", command, 1);

    // The old one, which is known to have worked.
    let after = sandbox(&format!("{scenario}deleted_after_seconds = 0\n"));
    lead_to(&folder, &after, "");
    shows(
        CauseId::KeyDeleted,
        "-environment",
        command_with_key(&folder),
        1,
    );
}

/// A currency that exists, and that the sandbox does not offer.
#[test]
fn a_currency_that_criteo_does_not_report_in() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let text = std::fs::read_to_string(folder.path().join("criteo.toml")).unwrap();
    folder.write("criteo.toml", &text.replace("\"EUR\"", "\"BTN\""));
    shows(CauseId::CurrencyRefused, "", command_with_key(&folder), 1);

    sandbox.clear_calls();
    let mut sync = command_with_key(&folder);
    let sync = Ended::of(sync.args(["sync", "-s", "statistics"])).with_code(1);
    for words in [
        "Criteo does not report in the configured currency",
        "Choose another currency in [criteo]",
    ] {
        assert!(sync.stderr.contains(words), "{sync:#?}");
    }
    // Every other window would be refused as well.
    let reports = sandbox.calls();
    let reports = reports
        .iter()
        .filter(|call| call.operation == Some("GetAdsetReport"));
    assert_eq!(reports.count(), 1, "{sync:#?}");
}

#[test]
fn a_key_that_is_not_active_yet() {
    let sandbox = sandbox(
        "[[keys]]\nclient_id = \"sandbox-client\"\nclient_secret = \"sandbox+secret/=\"\n\
         works_after_seconds = 900\n",
    );
    let folder = Folder::at(&sandbox, "");
    let command = command_with_key_file(&folder, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET);
    // Not a moment ago: the text would depend on when the minute turns.
    age_key(&folder, Duration::from_secs(270));
    shows(CauseId::KeyNotActiveYet, "", command, 1);
}

#[test]
fn tokens_that_are_expired_at_once() {
    let sandbox = sandbox("[[faults]]\nkind = \"token_dies\"\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::TokenExpired, "", command_with_key(&folder), 1);
}

#[test]
fn tokens_that_are_not_accepted() {
    let sandbox = sandbox("[[faults]]\nkind = \"status\"\nstatus = 401\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::TokenRefused, "", command_with_key(&folder), 1);
}

#[test]
fn nobody_has_consented() {
    let sandbox = sandbox("[consent]\ngranted = []\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::NoConsent, "", command_with_key(&folder), 1);
}

#[test]
fn all_consent_is_withdrawn() {
    let sandbox = sandbox("");
    let folder = after_a_sync(&sandbox);
    for advertiser in sandbox.advertiser_ids() {
        sandbox.set_consent(&advertiser, false);
    }
    shows(
        CauseId::ConsentRevoked,
        "-all",
        command_with_key(&folder),
        1,
    );
}

#[test]
fn one_advertiser_withdraws() {
    let sandbox = sandbox("");
    let folder = after_a_sync(&sandbox);
    let advertisers = sandbox.advertiser_ids();
    sandbox.set_consent(&advertisers[1], false);
    // Nobody asked for it by name, so a sync is not hindered.
    shows(
        CauseId::ConsentRevoked,
        "-one",
        command_with_key(&folder),
        0,
    );
    lead_to(
        &folder,
        &sandbox,
        &format!("advertiser_ids = {advertisers:?}\n"),
    );
    shows(
        CauseId::ConsentRevoked,
        "-configured",
        command_with_key(&folder),
        1,
    );
}

#[test]
fn one_configured_advertiser_has_not_consented() {
    let sandbox = sandbox("");
    let advertisers = sandbox.advertiser_ids();
    sandbox.set_consent(&advertisers[1], false);
    let folder = Folder::at(&sandbox, &format!("advertiser_ids = {advertisers:?}\n"));
    shows(
        CauseId::AdvertiserNotGranted,
        "",
        command_with_key(&folder),
        1,
    );
}

#[test]
fn each_permission_can_be_missing() {
    let all = ["Analytics_Read", "Campaign_Read", "Creative_Read"];
    for missing in all {
        let scopes: Vec<&str> = all.into_iter().filter(|scope| *scope != missing).collect();
        let sandbox = sandbox(&format!(
            "[[keys]]\nclient_id = \"sandbox-client\"\nclient_secret = \"sandbox+secret/=\"\n\
             scopes = {scopes:?}\n"
        ));
        let folder = Folder::at(&sandbox, "");
        let variant = format!("-{}", missing.to_lowercase());
        let report = shows(
            CauseId::PermissionMissing,
            &variant,
            command_with_key(&folder),
            1,
        );
        let failed: Vec<_> = report["links"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|link| link["verdict"] == "failed")
            .collect();
        assert_eq!(failed.len(), 1, "{report:#}");
    }
}

#[test]
fn the_quota_is_spent() {
    for (path, variant) in [("", "-all"), ("path = \"statistics\"\n", "-reports")] {
        let sandbox = sandbox(&format!(
            "[[faults]]\nkind = \"status\"\nstatus = 429\nseconds = 3000\n{path}"
        ));
        let folder = Folder::at(&sandbox, "");
        let started = std::time::Instant::now();
        let ended = Ended::of(command_with_key(&folder).args(["check", "--json"])).with_code(1);
        let quota = &ended.json()["links"][14];
        assert_eq!(quota["cause"], "quota_spent", "{quota:#}");
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it waited for the quota"
        );
        shows(CauseId::QuotaSpent, variant, command_with_key(&folder), 1);
    }
}

#[test]
fn criteo_grants_fewer_calls_than_configured() {
    let sandbox = sandbox("[limits]\nreport_calls_per_minute = 20\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::QuotaLower, "", command_with_key(&folder), 0);
}
