//! Virtual environments with packages of PyPI, kept in the cache folder between runs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of an environment that holds `requirements`, made on first use.
///
/// # Errors
/// Why it cannot be had here, for the word about the skipped test.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf, String> {
    let home = cache_folder()?.join(format!("venv-{name}"));
    let python = home.join("bin/python");
    let installed = home.join("installed-requirements.txt");
    if python.exists() && std::fs::read_to_string(&installed).is_ok_and(|text| text == requirements)
    {
        return Ok(python);
    }
    // A folder left over from an interrupted or older installation is made anew.
    if home.exists() {
        std::fs::remove_dir_all(&home)
            .map_err(|error| format!("{} is stuck: {error}", home.display()))?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    run(pip(&python)
        .args(["--only-binary", ":all:"])
        .args(requirements.lines()))?;
    std::fs::write(&installed, requirements)
        .map_err(|error| format!("the cache is read-only: {error}"))?;
    Ok(python)
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"]);
    pip.arg("--disable-pip-version-check");
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
    let last = complaint.trim().lines().next_back().unwrap_or_default();
    Err(format!("{command:?} failed: {last}"))
}
