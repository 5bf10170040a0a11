//! The built browser application as bytes.
//!
//! The build script compiles `telltale-web` and writes every file out; this crate only names them. It has no runtime
//! dependencies, so that a change of the server does not embed the bundle anew. It decides nothing about HTTP: caching
//! headers, encodings and the content security policy are the server's.
//!
//! Files under `/assets/` carry the hash of their content in their name and may be cached for ever. The page itself
//! must not be cached, and wants `script-src 'self' 'wasm-unsafe-eval'; style-src 'self'`.

/// A static file of the application.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Name below `/assets/`, with the hash of the content in it.
    pub path: &'static str,
    /// The content as it is.
    pub bytes: &'static [u8],
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `ETag`, quotes included.
    pub etag: &'static str,
    /// The content compressed with brotli; release builds only.
    pub brotli: Option<&'static [u8]>,
    /// The content compressed with gzip; release builds only.
    pub gzip: Option<&'static [u8]>,
}

/// Every file, as the build script wrote them.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Returns the file of a path; `/assets/` in front may be there or not.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    let name = path.strip_prefix("/assets/").unwrap_or(path);
    ASSETS.iter().find(|asset| asset.path == name)
}

/// Returns every file, for a server that wants to list or export them.
#[must_use]
pub fn assets() -> &'static [Asset] {
    ASSETS
}

/// Returns the page. `<!--head-->` stands once in its head: the server may put title and preload tags there.
#[must_use]
pub fn index_html() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/index.html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the module may weigh over the wire.
    const WASM_BROTLI_BYTES_MAX: usize = 350 * 1024;

    #[test]
    fn the_page_has_one_slot_for_the_server_and_every_link_in_it_resolves() {
        assert_eq!(index_html().matches("<!--head-->").count(), 1);
        let linked: Vec<&str> =
            index_html().split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(linked.len(), assets().len());
        for path in linked {
            assert!(asset(path).is_some(), "{path} is linked but not embedded");
            assert!(asset(&format!("/assets/{path}")).is_some());
        }
    }

    #[test]
    fn the_page_has_no_inline_script_or_style() {
        let page = index_html();
        assert!(!page.contains("style=") && !page.contains("<style"));
        assert!(page.matches("<script").count() == page.matches("<script src=").count());
        assert!(!page.contains(" onload=") && !page.contains("javascript:"));
    }

    #[test]
    fn the_module_fits_its_budget() {
        for asset in assets().iter().filter(|asset| asset.content_type == "application/wasm") {
            let Some(brotli) = asset.brotli else { continue };
            assert!(brotli.len() <= WASM_BROTLI_BYTES_MAX, "{} bytes of wasm after brotli", brotli.len());
        }
    }

    #[test]
    fn unknown_paths_have_no_file() {
        assert!(asset("app.wasm").is_none());
        assert!(asset("../Cargo.toml").is_none());
    }
}
