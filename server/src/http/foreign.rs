//! Paths of other products on our host: a link that once led to Jaeger, Grafana, Zipkin or Aspire leads to the story.
//!
//! The path only has to look like one of theirs; the id is whatever the scanner finds in path and query. Everything else
//! goes on to the pages of the application.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use telltale_api::routes;
use telltale_story::resolve::{self, Key};

use super::assets;

/// Words of which one is a part of the path of every product's link to a trace.
const WORDS: [&str; 12] = [
    "trace",
    "traces",
    "trace-old",
    "trace-details",
    "detail",
    "explore",
    "search",
    "grafana-exploretraces-app",
    "link-to",
    "select",
    "apm",
    "performance",
];

/// Confidence from which on a reading of a link is followed.
const SURE: u8 = 60;

/// Answers every path that is not listed: redirects links of other products, serves pages for the rest.
pub(crate) async fn other(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let reads = method == Method::GET || method == Method::HEAD;
    match place(&uri).filter(|_place| reads) {
        Some(place) => redirect(&place),
        None => assets::other_page(&method, &uri, &headers),
    }
}

/// Returns where a link of another product leads.
fn place(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let is_theirs = path.split('/').any(|part| WORDS.contains(&part));
    if path.starts_with("/api/") || !is_theirs {
        return None;
    }
    let link = uri.path_and_query()?.as_str();
    let found = resolve::parse(link);
    if let Some([a, b]) = resolve::comparison(link, &found) {
        return Some(format!("{}{a}...{b}", routes::STORY_PAGE));
    }
    let first = found.first().filter(|candidate| candidate.confidence >= SURE)?;
    let span = first.span.map(|span| format!("/{span}")).unwrap_or_default();
    match &first.key {
        Key::Trace(id) => Some(format!("{}{id}{span}", routes::STORY_PAGE)),
        // Half an id: the page finds out which trace it is.
        key @ (Key::Low64OrSpan(_) | Key::Prefix(_)) => Some(format!("{}{key}", routes::STORY_PAGE)),
        Key::Text(_) => None,
    }
}

/// Redirects for now, not for good: the same path may be another trace's tomorrow.
fn redirect(place: &str) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    // Only hex digits, dots and slashes stand in it.
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(LOCATION, place);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: &str = "0af7651916cd43dd8448eb211c80319c";

    fn to(path: &str) -> Option<String> {
        place(&path.parse().unwrap())
    }

    #[test]
    fn links_of_other_products_lead_to_the_story() {
        let story = format!("/t/{T}");
        for path in [
            "/trace/ID",
            "/zipkin/traces/ID",
            "/traces/ID",
            "/traces/4711/ID",
            "/traces/detail/ID",
            "/trace-old/ID",
            "/web/traces/trace-details?stream=default&trace_id=ID&from=1732181643221000&to=1732181653221000",
            "/search?traceID=ID",
            "/explore?orgId=1&panes=%7B%22a%22%3A%7B%22queries%22%3A%5B%7B%22queryType%22%3A%22traceql%22%2C%22query%22%3A%22ID%22%7D%5D%7D%7D",
            "/explore?left=%5B%22now-1h%22%2C%22now%22%2C%22Tempo%22%2C%7B%22query%22%3A%22ID%22%7D%5D",
            "/performance/trace/ID/",
            "/app/apm/link-to/trace/ID",
            "/select/jaeger/trace/ID",
        ] {
            assert_eq!(to(&path.replace("ID", T)).as_deref(), Some(story.as_str()), "{path}");
        }
        let span = "b7ad6b7169203331";
        for path in [
            "/trace/ID?uiFind=SPAN",
            "/traces/detail/ID?spanId=SPAN",
            "/a/grafana-exploretraces-app/explore?traceId=ID&spanId=SPAN",
            "/explore/traces/trace/ID/?node=span-SPAN",
        ] {
            let path = path.replace("ID", T).replace("SPAN", span);
            assert_eq!(to(&path), Some(format!("{story}/{span}")), "{path}");
        }
        let other = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(to(&format!("/trace/{T}...{other}")), Some(format!("/t/{T}...{other}")));
        assert_eq!(to("/apm/trace/9532127138774266268").as_deref(), Some("/t/8448eb211c80319c"));
    }

    #[test]
    fn pages_and_apis_of_our_own_are_left_alone() {
        for path in [
            "/",
            "/search",
            "/search?q=status%3Derror",
            "/start",
            "/api/traces/0af7651916cd43dd8448eb211c80319c",
            "/explore",
            "/services/0af7651916cd43dd8448eb211c80319c",
            "/trace/",
        ] {
            assert_eq!(to(path), None, "{path}");
        }
    }
}
