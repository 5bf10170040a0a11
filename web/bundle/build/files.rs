//! Files in memory, their names, their compressed copies, and the Rust table that embeds them.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use xxhash_rust::xxh3::xxh3_64;

/// One static file of the application.
pub(crate) struct File {
    /// Name below `/assets/`.
    pub(crate) name: String,
    /// Value of `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The content.
    pub(crate) bytes: Vec<u8>,
}

/// Everything that is embedded.
pub(crate) struct Built {
    /// The page of each area by the area's name, with its head slot still open; the first one stands for unknown names.
    pub(crate) pages: Vec<(String, String)>,
    /// What the page loads.
    pub(crate) files: Vec<File>,
}

/// Returns `stem-<hash>.extension`.
pub(crate) fn hashed_name(stem: &str, extension: &str, bytes: &[u8]) -> String {
    format!("{stem}-{:016x}.{extension}", xxh3_64(bytes))
}

/// Writes the files, in release with compressed copies, and `assets.rs` that names them.
pub(crate) fn write(out: &Path, built: &Built, release: bool) -> Result<()> {
    for entry in fs::read_dir(out).with_context(|| format!("listing {}", out.display()))? {
        fs::remove_file(entry?.path()).context("removing a file of an earlier build")?;
    }
    let mut table = String::from("&[\n");
    for file in &built.files {
        save(out, &file.name, &file.bytes)?;
        let (mut brotli, mut gzip) = ("None".to_owned(), "None".to_owned());
        if release {
            brotli = embedded_copy(out, &format!("{}.br", file.name), &brotli_of(&file.bytes)?)?;
            gzip = embedded_copy(out, &format!("{}.gz", file.name), &gzip_of(&file.bytes)?)?;
        }
        writeln!(
            table,
            "    Asset {{ path: {name:?}, bytes: {bytes}, content_type: {content_type:?}, etag: {etag:?}, brotli: {brotli}, gzip: {gzip} }},",
            name = file.name,
            bytes = include_expression(&file.name),
            content_type = file.content_type,
            etag = format!("\"{:016x}\"", xxh3_64(&file.bytes)),
        )?;
    }
    table.push_str("]\n");
    save(out, "assets.rs", table.as_bytes())?;
    let mut pages = String::from("&[\n");
    for (area, page) in &built.pages {
        let name = format!("page-{area}.html");
        save(out, &name, page.as_bytes())?;
        writeln!(pages, "    ({area:?}, include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))),")?;
    }
    pages.push_str("]\n");
    save(out, "pages.rs", pages.as_bytes())
}

fn save(out: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::write(out.join(name), bytes).with_context(|| format!("writing {name} to {}", out.display()))
}

fn embedded_copy(out: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    save(out, name, bytes)?;
    Ok(format!("Some({})", include_expression(name)))
}

fn include_expression(name: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))")
}

fn brotli_of(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params).context("compressing with brotli")?;
    Ok(compressed)
}

fn gzip_of(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish().context("compressing with gzip")
}
