//! Virtual environments with packages of PyPI, kept in the cache folder between runs. Tests of several crates include
//! this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of an environment that holds `requirements`, the text of a file for pip, made on first use. Where they are
/// pinned by hash, nothing but them is installed.
///
/// # Errors
/// Why it cannot be had here, for the word about the skipped test.
///
/// # Panics
/// When a package is not the one that was pinned: that is no reason to skip.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf, String> {
    let cache = cache_folder()?;
    fs::create_dir_all(&cache).map_err(|error| format!("no cache folder: {error}"))?;
    let home = cache.join(format!("venv-{name}"));
    // Several tests, also of several programs, may want it at the same time, and one of them makes it.
    let lock = fs::File::create(home.with_extension("lock"))
        .map_err(|error| format!("the cache is read-only: {error}"))?;
    lock.lock()
        .map_err(|error| format!("the cache cannot be locked: {error}"))?;
    let python = home.join("bin/python");
    let installed = home.join("installed-requirements.txt");
    if python.exists() && fs::read_to_string(&installed).is_ok_and(|text| text == requirements) {
        return Ok(python);
    }
    // A folder left over from an interrupted or older installation is made anew.
    if home.exists() {
        fs::remove_dir_all(&home)
            .map_err(|error| format!("{} is stuck: {error}", home.display()))?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    let wanted = home.join("requirements.txt");
    let unusable = |error| format!("the cache is read-only: {error}");
    fs::write(&wanted, requirements).map_err(unusable)?;
    run(&mut pip(&python, &wanted, requirements.contains("--hash=")))?;
    fs::rename(&wanted, &installed).map_err(unusable)?;
    Ok(python)
}

fn pip(python: &Path, requirements: &Path, is_pinned: bool) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"]).args([
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ]);
    if is_pinned {
        pip.args(["--no-deps", "--require-hashes"]);
    }
    pip.arg("--requirement").arg(requirements);
    pip
}

fn cache_folder() -> Result<PathBuf, String> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("CRITEO_BUILD_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("criteo-connector")))
        .or_else(|| Some(variable("HOME")?.join(".cache/criteo-connector")))
        .ok_or_else(|| "there is no home folder for its installation".to_owned())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        !complaint.contains("DO NOT MATCH THE HASHES"),
        "{complaint}"
    );
    let last = complaint.trim().lines().next_back().unwrap_or_default();
    Err(format!("{command:?} failed: {last}"))
}
