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

/// The page of each area, as the build script wrote them.
static PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Returns the page that starts an area of the application (`story`, `explore` …); an unknown name gets the first
/// area's. `<!--head-->` stands once in its head: the server may put title and preload tags there.
#[must_use]
pub fn page(area: &str) -> &'static str {
    let found = PAGES.iter().find(|(name, _)| *name == area).or_else(|| PAGES.first());
    found.map_or("", |(_, page)| *page)
}

/// Returns the names of the areas that were built; one stub when the application was left out.
pub fn areas() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an area's module may weigh over the wire.
    const WASM_BROTLI_BYTES_MAX: usize = 350 * 1024;

    #[test]
    fn each_page_has_one_slot_for_the_server_and_every_link_in_it_resolves() {
        let mut linked = std::collections::BTreeSet::new();
        for area in areas() {
            let page = page(area);
            assert_eq!(page.matches("<!--head-->").count(), 1);
            for rest in page.split("\"/assets/").skip(1) {
                let path = rest.split('"').next().unwrap();
                assert!(asset(path).is_some(), "{path} is linked but not embedded");
                assert!(asset(&format!("/assets/{path}")).is_some());
                linked.insert(path);
            }
        }
        assert_eq!(linked.len(), assets().len(), "a file that no page links");
        assert_eq!(page("no such area"), page(areas().next().unwrap()));
    }

    #[test]
    fn no_page_has_an_inline_script_or_style() {
        for page in areas().map(page) {
            assert!(!page.contains("style=") && !page.contains("<style"));
            assert!(page.matches("<script").count() == page.matches("<script src=").count());
            assert!(!page.contains(" onload=") && !page.contains("javascript:"));
        }
    }

    /// Scenario: a release build. Guarantees: each area's module fits the budget on its own.
    #[test]
    fn each_module_fits_its_budget() {
        for asset in assets().iter().filter(|asset| asset.content_type == "application/wasm") {
            let Some(brotli) = asset.brotli else { continue };
            assert!(brotli.len() <= WASM_BROTLI_BYTES_MAX, "{}: {} bytes after brotli", asset.path, brotli.len());
        }
    }

    #[test]
    fn unknown_paths_have_no_file() {
        assert!(asset("story.wasm").is_none());
        assert!(asset("../Cargo.toml").is_none());
    }
}
