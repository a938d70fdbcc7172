//! `deploy/cron/crontab`, run by Debian's cron.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Place, deployed, is_there, skipped};

/// Starts a cron that sees no crontab but ours: mounts of its own hide those of the machine.
const PRIVATE_CRON: &str = r#"
set -e
mount --make-rprivate /
for folder in /etc/cron.d /var/spool/cron /run; do mount -t tmpfs none $folder; done
mount --bind /dev/null /etc/crontab
mkdir /var/spool/cron/crontabs
install -m 600 "$1" /var/spool/cron/crontabs/root
exec cron -f
"#;

#[test]
fn cron_runs_the_line() {
    let may_mount = Command::new("unshare").args(["-m", "true"]).output();
    if !is_there("cron") || !may_mount.is_ok_and(|tried| tried.status.success()) {
        return skipped(
            "deploy/cron/crontab was not run by cron",
            "there is no cron here, or no right to give it mounts of its own (Debian: apt-get install cron, as root)",
        );
    }
    let place = Place::new();
    // The morning comes within a minute; what is done then stands as it stands in the file.
    let crontab = std::fs::read_to_string(deployed("cron/crontab")).unwrap();
    let line = crontab
        .lines()
        .find_map(|line| line.strip_prefix("15 5 * * * "))
        .expect("a line for every morning");
    let text = format!(
        "HOME={}\nPATH={}\nCRITEO_API_URL={}\n* * * * * {line}\n",
        place.home().display(),
        place.path(),
        place.sandbox.url(),
    );
    let file = place.home().join("crontab");
    std::fs::write(&file, text).unwrap();
    let mut cron = Command::new("unshare")
        .args(["-m", "sh", "-c", PRIVATE_CRON, "cron"])
        .arg(&file)
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();

    let database = place.folder().join("criteo.duckdb");
    let patience = Instant::now() + Duration::from_secs(90);
    while !is_settled(&place, &database) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(500));
    }
    cron.kill().unwrap();
    cron.wait().unwrap();
    place.assert_synced();
}

/// Whether a run has ended: `status` can read what it left.
fn is_settled(place: &Place, database: &std::path::Path) -> bool {
    let is_loaded = |text: &[u8]| String::from_utf8_lossy(text).contains("\"complete\"");
    database.exists()
        && place
            .command("criteo")
            .args(["--json", "status"])
            .output()
            .is_ok_and(|status| is_loaded(&status.stdout))
}
