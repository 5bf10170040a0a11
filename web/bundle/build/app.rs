//! The application: nested cargo build, JavaScript glue, style sheet, page.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::Paths;
use crate::files::{Built, File, hashed_name};

/// The compilation target of the browser application.
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The areas of the application, as `telltale_api::area::Area` names them; each is a binary of `telltale-web`. The first
/// one's page also answers what no area has.
const AREAS: [&str; 4] = ["story", "explore", "metrics", "runs"];

/// What the binaries' names begin with.
const AREA_BINARY_PREFIX: &str = "web-";

/// Cargo variables that a person or a CI sets to reach the registry; the nested build needs the same ones.
const KEPT_PREFIXES: [&str; 5] = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];

/// Variables of the outer build that would change the nested one or let the two disagree.
const REMOVED: [&str; 7] = [
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
    "MAKEFLAGS",
];

/// Returns whether the compiler that cargo uses has the wasm target's standard library.
pub(crate) fn wasm_target_is_installed() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = Command::new(rustc).args(["--print", "target-libdir", "--target", WASM_TARGET]).output();
    sysroot.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// Builds the application and returns its files, and a page for each area.
pub(crate) fn files(paths: &Paths, release: bool) -> Result<Built> {
    let modules = compile(paths, if release { "web-release" } else { "web-dev" })?;
    let css = style_sheet(&paths.web.join("src"))?;
    let css = File::named_by_content("app", "css", "text/css; charset=utf-8", css.into_bytes());
    let icon = fs::read(paths.web.join("favicon.svg")).context("reading web/favicon.svg")?;
    let icon = File::named_by_content("icon", "svg", "image/svg+xml", icon);
    let boot = fs::read_to_string(paths.web.join("boot.js")).context("reading web/boot.js")?;
    let page = fs::read_to_string(paths.web.join("index.html")).context("reading web/index.html")?;
    for slot in ["<!--head-->", "<!--assets-->"] {
        ensure!(page.matches(slot).count() == 1, "web/index.html needs the slot {slot} exactly once");
    }

    let mut built = Built { pages: Vec::new(), files: Vec::new() };
    for (area, module) in modules {
        let (glue, wasm) = bind(&module, release)?;
        let wasm = File::named_by_content(&area, "wasm", "application/wasm", wasm);
        let script = format!("{glue}\n{}", boot.replace("__WASM_URL__", &format!("/assets/{}", wasm.name)));
        let script = File::named_by_content(&area, "js", "text/javascript; charset=utf-8", script.into_bytes());
        let links = [
            format!(r#"<link rel="stylesheet" href="/assets/{}">"#, css.name),
            format!(r#"<link rel="icon" type="image/svg+xml" href="/assets/{}">"#, icon.name),
            format!(
                r#"<link rel="preload" as="fetch" type="application/wasm" crossorigin href="/assets/{}">"#,
                wasm.name
            ),
            format!(r#"<script src="/assets/{}"></script>"#, script.name),
        ];
        built.pages.push((area, page.replace("<!--assets-->", &links.join("\n"))));
        built.files.extend([wasm, script]);
    }
    built.files.extend([css, icon]);
    Ok(built)
}

/// Runs the nested build and returns each area's name and module. Its target folder is its own, since cargo locks the
/// outer one, and lies beside the outer profiles, since OUT_DIR changes with each of them. All areas come from one run:
/// they share everything but the last step.
fn compile(paths: &Paths, profile: &str) -> Result<Vec<(String, PathBuf)>> {
    let target_dir = paths.target.join("web");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let kept = KEPT_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        if (text.starts_with("CARGO") && !kept) || REMOVED.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
    command
        .current_dir(&paths.root)
        .args(["build", "--locked", "-p", "telltale-web", "--bins", "--target", WASM_TARGET, "--profile", profile])
        .arg("--target-dir")
        .arg(&target_dir);
    let output = command.output().context("starting the nested cargo build of the web UI")?;
    if !output.status.success() {
        bail!("the web UI does not build ({command:?}):\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let folder = target_dir.join(WASM_TARGET).join(profile);
    let module = |area: &str| (area.to_owned(), folder.join(format!("{AREA_BINARY_PREFIX}{area}.wasm")));
    Ok(AREAS.into_iter().map(module).collect())
}

/// Generates the JavaScript glue and the final module.
fn bind(module: &Path, release: bool) -> Result<(String, Vec<u8>)> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name("app")
        .no_modules(true)?
        .typescript(false)
        .keep_debug(false)
        .remove_name_section(release)
        .remove_producers_section(true);
    let mut output = bindgen.generate_output().context("generating the JavaScript glue")?;
    ensure!(
        output.snippets().values().all(Vec::is_empty) && output.local_modules().is_empty(),
        "a dependency of the web UI brings JavaScript of its own, which one start script cannot load: {:?}",
        output.snippets().keys()
    );
    let glue = output.js().to_owned();
    Ok((glue, output.wasm_mut().emit_wasm()))
}

/// Joins the style sheets: tokens and base first, then one file beside each component, by path.
fn style_sheet(src: &Path) -> Result<String> {
    let mut sheets = Vec::new();
    collect_css(src, &mut sheets)?;
    let style = src.join("style");
    sheets.sort_by_key(|path| (!path.starts_with(&style), !path.ends_with("tokens.css"), path.clone()));
    let mut joined = String::new();
    for sheet in sheets {
        joined.push_str(&fs::read_to_string(&sheet).with_context(|| format!("reading {}", sheet.display()))?);
        joined.push('\n');
    }
    Ok(joined)
}

fn collect_css(folder: &Path, sheets: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect_css(&path, sheets)?;
        } else if path.extension().is_some_and(|extension| extension == "css") {
            sheets.push(path);
        }
    }
    Ok(())
}

impl File {
    /// Returns a file whose name carries the hash of its content, so that browsers may keep it for ever.
    fn named_by_content(stem: &str, extension: &str, content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { name: hashed_name(stem, extension, &bytes), content_type, bytes }
    }
}
