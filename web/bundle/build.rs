//! Builds the browser application and writes it out as Rust constants.
//!
//! One command builds everything: this script runs a nested `cargo build` for wasm32, generates the JavaScript glue
//! with `wasm-bindgen-cli-support` as a library (same `Cargo.lock`, so no version skew), joins the style sheets, names
//! every file by its content and, in release, compresses it. No Node, no downloaded tools.
//!
//! Deliberately not here: optimising with `wasm-opt` (larger after brotli) and anything that reads the network.

#[path = "build/app.rs"]
mod app;
#[path = "build/files.rs"]
mod files;
#[path = "build/stub.rs"]
mod stub;

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// What the environment asks of this build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Build the application; a stub page in its place is fine in a dev build when the wasm target is missing.
    Auto,
    /// Embed the stub page (`TELLTALE_WEB=skip`, or rust-analyzer asks).
    Skip,
    /// Build the application or fail (`TELLTALE_WEB=require`, and every release build).
    Require,
}

/// Where everything is.
struct Paths {
    /// The workspace.
    root: PathBuf,
    /// The web package.
    web: PathBuf,
    /// The outer build's target folder.
    target: PathBuf,
    /// Where this script writes.
    out: PathBuf,
}

fn main() -> Result<()> {
    let paths = paths()?;
    declare_inputs(&paths);
    let release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let mode = mode(release)?;
    let built = match mode {
        Mode::Skip => stub::files("the build was asked to leave it out (TELLTALE_WEB=skip or an editor)"),
        Mode::Auto | Mode::Require if !app::wasm_target_is_installed() => {
            let advice = "run: rustup target add wasm32-unknown-unknown";
            if mode == Mode::Require {
                bail!(
                    "the wasm32-unknown-unknown target is missing, and this build must contain the web UI\nhint: {advice}"
                );
            }
            tell(&format!("cargo::warning=web UI left out: the wasm32-unknown-unknown target is missing; {advice}"));
            stub::files("the wasm32-unknown-unknown target was missing when this server was built")
        }
        Mode::Auto | Mode::Require => app::files(&paths, release)?,
    };
    files::write(&paths.out, &built, release)
}

fn paths() -> Result<Paths> {
    let bundle = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("cargo sets CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?);
    let web = bundle.parent().context("web/bundle lies in web")?.to_path_buf();
    let root = web.parent().context("web lies in the workspace")?.to_path_buf();
    // Cargo marks the top of a target folder with this file; OUT_DIR is some levels below, more with --target.
    let target = out
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .or_else(|| out.ancestors().nth(4))
        .context("OUT_DIR lies in a target folder")?
        .to_path_buf();
    Ok(Paths { root, web, target, out })
}

/// Declares what the result depends on; an undeclared variable would keep a stub in the cache and ship it.
fn declare_inputs(paths: &Paths) {
    for input in
        ["web/src", "web/index.html", "web/boot.js", "web/favicon.svg", "web/Cargo.toml", "web/bundle/build.rs"]
    {
        tell(&format!("cargo::rerun-if-changed={}", paths.root.join(input).display()));
    }
    for input in [
        "web/bundle/build",
        "server/api",
        "server/search",
        "server/signals/src",
        "server/story",
        "storage/model",
        "Cargo.lock",
        "Cargo.toml",
    ] {
        tell(&format!("cargo::rerun-if-changed={}", paths.root.join(input).display()));
    }
    for variable in ["TELLTALE_WEB", "RA_RUSTC_WRAPPER"] {
        tell(&format!("cargo::rerun-if-env-changed={variable}"));
    }
}

fn mode(release: bool) -> Result<Mode> {
    if env::var_os("RA_RUSTC_WRAPPER").is_some() {
        return Ok(Mode::Skip);
    }
    match env::var("TELLTALE_WEB").as_deref() {
        Ok("skip") => Ok(Mode::Skip),
        Ok("require") => Ok(Mode::Require),
        Ok("") | Err(env::VarError::NotPresent) => Ok(if release { Mode::Require } else { Mode::Auto }),
        Ok(other) => bail!("TELLTALE_WEB is {other:?}\nhint: use skip or require, or leave it unset"),
        Err(error) => bail!("TELLTALE_WEB: {error}"),
    }
}

/// Speaks to cargo, which listens on standard output.
fn tell(line: &str) {
    println!("{line}");
}
