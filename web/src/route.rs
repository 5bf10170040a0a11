//! The URL is the state of a page: parsing and writing it.
//!
//! `/` (with `?q=` for a paste that led nowhere or to several places), `/t/{trace}` and `/t/{trace}/{span}`; the rest of a
//! page's state stands in the query, defaults left out, unknown parameters ignored so that old links keep working.
//! Pure; the browser's history is [`crate::nav`]'s business.

use telltale_api::routes;
use telltale_model::{SpanId, TraceId};

/// A path and a query: what every page's state is written in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The path, as it stands in the address bar.
    pub path: String,
    /// The parameters in order, decoded. A page reads those that it knows.
    pub query: Vec<(String, String)>,
}

impl Place {
    /// Reads a path and a query string (without its question mark).
    #[must_use]
    pub fn parse(path: &str, query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = query.map(|(name, value)| (decode(name), decode(value))).collect();
        Self { path: path.to_owned(), query }
    }

    /// Reads an address below the origin; what follows `#` is left out.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Self::parse(path, query)
    }

    /// Returns a page without parameters.
    #[must_use]
    pub fn at(path: &str) -> Self {
        Self { path: path.to_owned(), query: Vec::new() }
    }

    /// Returns the first value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the place with a parameter set, or taken away; others stay as they are.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        let at = self.query.iter().position(|(known, _)| known == name);
        self.query.retain(|(known, _)| known != name);
        if let Some(value) = value {
            let at = at.unwrap_or(self.query.len()).min(self.query.len());
            self.query.insert(at, (name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Writes path and query; [`Place::of_url`] reads it back.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.path.clone();
        for (position, (name, value)) in self.query.iter().enumerate() {
            url.push(if position == 0 { '?' } else { '&' });
            url.push_str(&encode(name));
            url.push('=');
            url.push_str(&encode(value));
        }
        url
    }
}

/// A place among the story's pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// Which page.
    pub page: Page,
    /// Which tab of a story.
    pub tab: Tab,
    /// The text that is looked for inside the story.
    pub find: String,
    /// The log record whose details are shown, by position in the trace's logs.
    pub log: Option<u32>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Page {
    /// The start page.
    #[default]
    Home,
    /// The same with the snippets for a first trace, whatever the store holds.
    Start,
    /// What a paste may mean, when it did not lead to exactly one trace.
    Paste(String),
    /// A story, perhaps with one of its spans open.
    Story {
        /// The trace, 32 lower-case hex digits.
        trace_id: String,
        /// The span, 16 lower-case hex digits.
        span_id: Option<String>,
    },
    /// No page has this path.
    Unknown(String),
}

/// A tab of the story page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// The waterfall.
    #[default]
    Timeline,
    /// Spans, events and logs in one list.
    List,
    /// Errors with their stack traces.
    Errors,
    /// OTLP as JSON.
    Raw,
}

impl Tab {
    /// Every tab in the order shown.
    pub const ALL: [Self; 4] = [Self::Timeline, Self::List, Self::Errors, Self::Raw];

    /// Returns the word in the URL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::List => "list",
            Self::Errors => "errors",
            Self::Raw => "raw",
        }
    }

    fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.word() == word).unwrap_or_default()
    }
}

impl Route {
    /// Returns the start page.
    #[must_use]
    pub fn home() -> Self {
        Self::default()
    }

    /// Returns the page of a paste that has several meanings or none.
    #[must_use]
    pub fn paste(text: &str) -> Self {
        Self { page: Page::Paste(text.to_owned()), ..Self::default() }
    }

    /// Returns a story's page.
    #[must_use]
    pub fn story(trace_id: &str, span_id: Option<&str>) -> Self {
        let page = Page::Story { trace_id: trace_id.to_owned(), span_id: span_id.map(str::to_owned) };
        Self { page, ..Self::default() }
    }

    /// Returns the same place with another span open; the details of a log record close.
    #[must_use]
    pub fn with_span(&self, span_id: Option<&str>) -> Self {
        let mut route = self.clone();
        route.log = None;
        if let Page::Story { span_id: place, .. } = &mut route.page {
            *place = span_id.map(str::to_owned);
        }
        route
    }

    /// Returns the trace of a story page.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        match &self.page {
            Page::Story { trace_id, .. } => Some(trace_id),
            _ => None,
        }
    }

    /// Returns the open span of a story page.
    #[must_use]
    pub fn span_id(&self) -> Option<&str> {
        match &self.page {
            Page::Story { span_id, .. } => span_id.as_deref(),
            _ => None,
        }
    }

    /// Reads a path and a query string (without its question mark).
    #[must_use]
    pub fn parse(path: &str, query: &str) -> Self {
        Self::of_place(&Place::parse(path, query))
    }

    /// Reads a place.
    #[must_use]
    pub fn of_place(place: &Place) -> Self {
        let mut route = Self { page: page_of(&place.path), ..Self::default() };
        for (key, value) in &place.query {
            let value = value.clone();
            match key.as_str() {
                "q" if matches!(route.page, Page::Home) && !value.is_empty() => route.page = Page::Paste(value),
                "q" => route.find = value,
                "tab" => route.tab = Tab::from_word(&value),
                "log" => route.log = value.parse().ok(),
                _ => {}
            }
        }
        route
    }

    /// Writes path and query; [`Route::parse`] reads it back.
    #[must_use]
    pub fn url(&self) -> String {
        self.place().url()
    }

    /// Returns the place; [`Route::of_place`] reads it back.
    #[must_use]
    pub fn place(&self) -> Place {
        let (path, paste) = match &self.page {
            Page::Home => (routes::HOME.to_owned(), None),
            Page::Start => ("/start".to_owned(), None),
            Page::Paste(text) => (routes::HOME.to_owned(), Some(text.as_str())),
            Page::Story { trace_id, span_id } => {
                let span = span_id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
                (format!("{}{trace_id}{span}", routes::STORY_PAGE), None)
            }
            Page::Unknown(path) => (path.clone(), None),
        };
        let mut place = Place::at(&path);
        let mut put = |name: &str, value: String| place.query.push((name.to_owned(), value));
        if let Some(text) = paste.or(Some(self.find.as_str())).filter(|text| !text.is_empty()) {
            put("q", text.to_owned());
        }
        if self.tab != Tab::default() {
            put("tab", self.tab.word().to_owned());
        }
        if let Some(log) = self.log {
            put("log", log.to_string());
        }
        place
    }
}

/// Reads a path. Ids are taken in any case; a text after `/t/` that is no trace id is read as a paste.
fn page_of(path: &str) -> Page {
    if path == "/" || path.is_empty() {
        return Page::Home;
    }
    if path.trim_end_matches('/') == "/start" {
        return Page::Start;
    }
    let Some(rest) = path.strip_prefix(routes::STORY_PAGE) else { return Page::Unknown(path.to_owned()) };
    let (trace, span) = rest.trim_end_matches('/').split_once('/').map_or((rest, None), |(a, b)| (a, Some(b)));
    let trace = trace.trim_end_matches('/');
    match trace.parse::<TraceId>() {
        Ok(id) => {
            let span_id = span.and_then(|span| span.parse::<SpanId>().ok()).map(|span| span.to_hex());
            Page::Story { trace_id: id.to_hex(), span_id }
        }
        Err(_not_an_id) if trace.is_empty() => Page::Home,
        Err(_not_an_id) => Page::Paste(decode(trace)),
    }
}

/// Percent-encodes everything but the characters that RFC 3986 leaves free.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

/// Undoes [`encode`]; a plus sign is a space, and a broken escape stays as it is.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let rest = bytes.as_slice_like();
        match (byte, rest) {
            (b'%', Some(value)) => {
                out.push(value);
                bytes.nth(1);
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Looks at the two hex digits that come next without taking them.
trait NextHex {
    fn as_slice_like(&self) -> Option<u8>;
}

impl NextHex for std::str::Bytes<'_> {
    fn as_slice_like(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let high = ahead.next().and_then(telltale_model::id::hex_digit)?;
        let low = ahead.next().and_then(telltale_model::id::hex_digit)?;
        Some(high * 16 + low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn every_place_survives_its_url() {
        let mut listed = Route::story(TRACE, Some("b7ad6b7169203331"));
        listed.tab = Tab::List;
        listed.find = "SELECT 1 + 2 & \"ü\" 100%".into();
        listed.log = Some(3);
        let mut unknown = Route::home();
        unknown.page = Page::Unknown("/nowhere".into());
        let mut start = Route::home();
        start.page = Page::Start;
        for route in [Route::home(), Route::paste("a b\n%41"), Route::story(TRACE, None), listed, unknown, start] {
            let url = route.url();
            let (path, query) = url.split_once('?').unwrap_or((&url, ""));
            assert_eq!(Route::parse(path, query), route, "{url}");
        }
    }

    #[test]
    fn places_keep_their_parameters_and_their_order() {
        let place = Place::of_url("/search?q=a+b%26c&from=1&q=2#top");
        assert_eq!((place.param("q"), place.param("from"), place.param("to")), (Some("a b&c"), Some("1"), None));
        let changed = place.with("q", Some("x=y")).with("to", Some("9")).with("from", None);
        assert_eq!(changed.url(), "/search?q=x%3Dy&to=9");
        assert_eq!(Place::of_url(&changed.url()), changed);
        assert_eq!(Place::of_url("/a?flag").param("flag"), Some(""));
    }

    #[test]
    fn ids_are_taken_in_any_case_and_other_texts_are_pastes() {
        assert_eq!(Route::parse(&format!("/t/{}/", TRACE.to_uppercase()), ""), Route::story(TRACE, None));
        assert_eq!(Route::parse("/t/4bf9%2Fx", "").page, Page::Paste("4bf9/x".into()));
        assert_eq!(Route::parse(&format!("/t/{TRACE}/zz"), "").span_id(), None);
    }

    #[test]
    fn broken_escapes_and_foreign_parameters_do_no_harm() {
        assert_eq!(decode("100%zz%4"), "100%zz%4");
        assert_eq!(Route::parse("/", "utm=1&q"), Route::home());
        assert_eq!(Route::parse(&format!("/t/{TRACE}"), "tab=future").tab, Tab::Timeline);
    }
}
