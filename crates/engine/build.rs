//! Finds the prebuilt `libduckdb` before the linker misses it, and tells dependants where it is.

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    let feature = |name: &str| env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    if !feature("DUCKDB") || feature("DUCKDB_BUNDLED") {
        return;
    }

    let library = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "libduckdb.dylib",
        Ok("windows") => "duckdb.dll",
        _ => "libduckdb.so",
    };
    let folder = env::var("DUCKDB_LIB_DIR").unwrap_or_default();
    // Named even when it is missing, so that the next build looks again.
    println!("cargo::rerun-if-changed={folder}/{library}");
    let (Ok(folder), true) = (
        Path::new(&folder).canonicalize(),
        Path::new(&folder).join(library).exists(),
    ) else {
        println!(
            "cargo::error=libduckdb 1.5.6 was not found: there is no {library} in DUCKDB_LIB_DIR ({folder:?}). \
             Run `make setup` to fetch it, or set DUCKDB_LIB_DIR to a folder that holds DuckDB's official \
             release, or compile DuckDB with `--features duckdb-bundled`."
        );
        return;
    };

    // The loader does not search the folder that the linker was told of. The binary's own build script reads this.
    println!("cargo::metadata=folder={}", folder.display());
    if env::var_os("CARGO_CFG_UNIX").is_some() {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());
    }
}
