//! Lets the `criteo` binary and its tests find `libduckdb` without `LD_LIBRARY_PATH`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by the build script of criteo-engine, unless DuckDB is compiled in.
    let (Ok(folder), Some(_)) = (
        env::var("DEP_CRITEO_ENGINE_DUCKDB_FOLDER"),
        env::var_os("CARGO_CFG_UNIX"),
    ) else {
        return;
    };

    // A release carries the library beside the binary or in the neighbouring lib folder; a checkout uses the cache.
    let beside_the_binary = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@loader_path",
        _ => "$ORIGIN",
    };
    println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{beside_the_binary}");
    println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{beside_the_binary}/../lib");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
}
