//! Static files of the web application, out of the binary.
//!
//! Files under `/assets/` carry a hash in their name and never change: browsers keep them for good. The shell is asked
//! for again each time and answered with 304 when it is the same. Nothing is read from disk and nothing is compressed
//! while a client waits.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use telltale_api::area::Area;
use telltale_web_bundle::Asset;

use super::extract::Path;
use super::negotiate;
use super::problem::{self, Kind, Problem};

/// Cached for a year without asking: the name changes with the content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Answers `GET /`.
pub(crate) async fn shell(headers: HeaderMap) -> Response {
    html(StatusCode::OK, page(Area::Story).to_owned(), &headers)
}

/// Returns the shell of an area of the application.
pub(super) fn page(area: Area) -> &'static str {
    telltale_web_bundle::page(area.name())
}

/// Answers every other path: a browser gets the area of the application that has it, with 404 when none has; everything
/// else gets an error in our form.
pub(crate) fn other_page(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let wants_page = negotiate::media_type(headers, &[super::answer::JSON, "text/html"]) == "text/html";
    let area = Area::of_path(uri.path());
    let reads = *method == Method::GET || *method == Method::HEAD;
    if !reads || !(area.is_some() || wants_page) || uri.path().starts_with("/api/") {
        return problem::no_such_path(uri).into_response();
    }
    let status = if area.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    html(status, page(area.unwrap_or(Area::Story)).to_owned(), headers)
}

/// Answers `GET /assets/{*path}`.
pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = telltale_web_bundle::asset(&path).ok_or_else(|| {
        Problem::new(
            Kind::NoSuchPath,
            "no_such_asset",
            format!("there is no file {path:?} in this version's web bundle"),
        )
        .hint("reload the page: a new version of telltale has new file names")
    })?;
    Ok(serve(asset, &headers, IMMUTABLE))
}

/// Answers with a file in the best coding that the client takes.
pub(crate) fn serve(asset: &'static Asset, headers: &HeaderMap, cache: &'static str) -> Response {
    if matches_etag(headers, asset.etag) {
        return not_modified(asset.etag, cache);
    }
    let (bytes, coding) = coded(asset, headers);
    let mut response = Body::from(Bytes::from_static(bytes)).into_response();
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    out.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    set_etag(out, asset.etag);
    if let Some(coding) = coding {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// Returns the smallest form that the client takes: brotli, gzip, as it is.
fn coded(asset: &'static Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let forms = [("br", asset.brotli), ("gzip", asset.gzip)];
    let accepted = forms.into_iter().find_map(|(coding, bytes)| {
        let bytes = bytes.filter(|_| negotiate::accepts_coding(headers, coding))?;
        Some((bytes, Some(coding)))
    });
    accepted.unwrap_or((asset.bytes, None))
}

/// Answers with a page made for this request: never stored without asking again.
pub(crate) fn html(status: StatusCode, page: String, headers: &HeaderMap) -> Response {
    let etag = format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(page.as_bytes()));
    if status == StatusCode::OK && matches_etag(headers, &etag) {
        return not_modified(&etag, "no-cache");
    }
    let mut response = (status, page).into_response();
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(VARY, HeaderValue::from_static("accept"));
    set_etag(out, &etag);
    response
}

fn not_modified(etag: &str, cache: &'static str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    set_etag(response.headers_mut(), etag);
    response
}

fn set_etag(headers: &mut HeaderMap, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, value);
    }
}

/// Compares weakly, as RFC 9110 wants it for `If-None-Match`.
fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    let listed = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == etag.trim_start_matches("W/"))
}
