//! The Python package of `python/`: its wheel is built with the program under test, installed into a fresh environment
//! outside of the checkout, and there its own tests run, which are in `python/tests`: with the sandbox in Criteo's place,
//! and with the real dlt.
//!
//! What that takes is installed from PyPI into the cache folder. Where it cannot be had, the tests say so on standard
//! error and pass, unless `CRITEO_REQUIRE_ALL_TESTS=1`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../../tests/shared/python.rs"]
mod environments;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

use skipped::skipped;

/// What the tests of the package import. DuckDB is of the line whose files the connector writes.
const REQUIREMENTS: &str =
    "dlt==1.31.0\nduckdb==1.5.5\npyarrow==26.0.1\npytest==9.2.0\nmypy==2.4.1\n";

#[test]
fn the_module_and_its_command_work() {
    let Some(place) = Place::new() else { return };
    place.pass_tests(&["tests/test_sync.py", "tests/test_guide.py"]);
}

#[test]
fn dlt_loads_what_criteo_has() {
    let Some(place) = Place::new() else { return };
    place.pass_tests(&["tests/test_dlt.py"]);
}

/// The types of the package are part of what it promises, and its tests use them as users would.
#[test]
fn mypy_finds_nothing() {
    let Some(place) = Place::new() else { return };
    place.pass(&["-m", "mypy", "--strict", "--package", "criteo_connector"]);
    place.pass(&["-m", "mypy", "--strict", "tests"]);
}

/// A fresh environment with the wheel and nothing else of its own, in a folder with the tests.
struct Place {
    folder: TempDir,
    python: PathBuf,
}

impl Place {
    /// `None` after having said why there is none.
    fn new() -> Option<Place> {
        let (dependencies, wheel) = match installed() {
            Ok(installed) => installed,
            Err(reason) => {
                skipped("the Python package was not tested", reason);
                return None;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("environment");
        done(
            Command::new(dependencies)
                .args(["-m", "venv", "--without-pip"])
                .arg(&fresh),
        );
        let python = fresh.join("bin/python");
        // Without an index: the wheel needs nothing that is not in it.
        done(
            Command::new(dependencies)
                .args(["-m", "pip", "--disable-pip-version-check", "--python"])
                .arg(&python)
                .args(["install", "--quiet", "--no-index"])
                .arg(wheel),
        );
        done(Command::new(fresh.join("bin/criteo")).arg("--version"));

        // From here on with what the extras bring, which is installed once for all runs.
        let packages = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let of = |python: &Path| {
            done(Command::new(python).args(["-c", packages]))
                .trim()
                .to_owned()
        };
        let path_file = Path::new(&of(&python)).join("dependencies.pth");
        std::fs::write(path_file, of(dependencies)).unwrap();
        let tests = folder.path().join("tests");
        std::fs::create_dir(&tests).unwrap();
        for entry in std::fs::read_dir(root().join("python/tests")).unwrap() {
            let entry = entry.unwrap();
            if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "py")
            {
                std::fs::copy(entry.path(), tests.join(entry.file_name())).unwrap();
            }
        }
        std::fs::copy(
            root().join("docs/guides/python.md"),
            tests.join("python.md"),
        )
        .unwrap();
        Some(Place { folder, python })
    }

    /// Runs pytest, with temporary folders of its own: in those that all of its processes share by default, a later one
    /// clears away what an earlier one still works in.
    #[track_caller]
    fn pass_tests(&self, files: &[&str]) {
        let mut arguments = vec!["-m", "pytest", "--basetemp=run", "-p", "no:cacheprovider"];
        arguments.extend(files);
        self.pass(&arguments);
    }

    /// Runs Python, which has to end well.
    #[track_caller]
    fn pass(&self, arguments: &[&str]) {
        done(
            Command::new(&self.python)
                .args(arguments)
                .current_dir(self.folder.path())
                .env("HOME", self.folder.path())
                .env("MYPYPATH", self.folder.path().join("tests"))
                .env("RUNTIME__DLTHUB_TELEMETRY", "false")
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env_remove("DUCKDB_LIB_DIR")
                .env_remove("LD_LIBRARY_PATH"),
        );
    }
}

/// The Python that has the dependencies, and the wheel with the program under test; or why they cannot be had. Made once,
/// for all tests of this program.
fn installed() -> Result<(&'static Path, &'static Path), &'static str> {
    static INSTALLED: OnceLock<Result<(PathBuf, TempDir, PathBuf), String>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let dependencies = environments::environment("python-package", REQUIREMENTS)?;
        let build = || Command::new(root().join("scripts/build-wheel"));
        let tools = build().arg("--tools").output().unwrap();
        if !tools.status.success() {
            return Err(said(&tools));
        }
        let out = tempfile::tempdir().unwrap();
        done(
            build()
                .args(["--binary", env!("CARGO_BIN_EXE_criteo"), "--out"])
                .arg(out.path()),
        );
        let mut files = std::fs::read_dir(out.path()).unwrap();
        let wheel = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "one wheel was asked for");
        Ok((dependencies, out, wheel))
    });
    match installed {
        Ok((dependencies, _, wheel)) => Ok((dependencies, wheel)),
        Err(reason) => Err(reason),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Runs a command that has to end well, and gives what it printed.
#[track_caller]
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
