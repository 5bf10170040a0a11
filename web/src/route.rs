//! The URL is the state of a page: parsing and writing it.
//!
//! `/` (with `?q=` for a paste that led nowhere or to several places), `/t/{trace}` and `/t/{trace}/{span}`; the rest of a
//! page's state stands in the query, defaults left out, unknown parameters ignored so that old links keep working.
//! Pure; the browser's history is [`crate::nav`]'s business.

use telltale_api::routes;
use telltale_model::{SpanId, TraceId};

mod place;

pub use place::{Place, decode, encode};

/// A place among the story's pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// Which page.
    pub page: Page,
    /// What of a story is shown.
    pub view: View,
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
    /// Two stories side by side; the second one may be `baseline`.
    Diff {
        /// The trace that is looked at.
        a: String,
        /// What it is compared with.
        b: String,
    },
    /// No page has this path.
    Unknown(String),
}

/// A view of the story page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// The waterfall.
    #[default]
    Timeline,
    /// Spans, events and logs in one list.
    List,
    /// Time by operation, called from called.
    Flame,
    /// Spans as a table, grouped or not.
    Table,
    /// Who called whom, by service.
    Graph,
    /// Errors with their stack traces.
    Errors,
    /// OTLP as JSON.
    Raw,
}

impl Tab {
    /// Every view in the order shown.
    pub const ALL: [Self; 7] =
        [Self::Timeline, Self::List, Self::Flame, Self::Table, Self::Graph, Self::Errors, Self::Raw];

    /// Returns the word in the URL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::List => "list",
            Self::Flame => "flame",
            Self::Table => "table",
            Self::Graph => "graph",
            Self::Errors => "errors",
            Self::Raw => "raw",
        }
    }

    fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.word() == word).unwrap_or_default()
    }
}

/// What of a story is shown, and how; all of it stands in the query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// Which view.
    pub tab: Tab,
    /// The text that is looked for inside the story.
    pub find: String,
    /// Rows that do not hold the text are hidden, not only dimmed.
    pub hide: bool,
    /// Only errors and the way to them.
    pub errors: bool,
    /// Repeats are shown each, not bundled.
    pub flat: bool,
    /// The part of the trace's time that is shown: begin and end in nanoseconds from its start.
    pub zoom: Option<(i64, i64)>,
    /// The span that is shown as if it were the root.
    pub root: Option<String>,
    /// Attributes that are shown as columns.
    pub columns: Vec<String>,
    /// What the table's rows are grouped by: `operation`, `service`, `kind`, `none` or an attribute's key.
    pub by: Option<String>,
    /// Log records of the same hosts without a trace id are shown too.
    pub near: bool,
    /// The list stands beside the waterfall.
    pub split: bool,
}

impl View {
    fn put(&mut self, key: &str, value: &str) {
        match key {
            "q" => self.find = value.to_owned(),
            "tab" => self.tab = Tab::from_word(value),
            "hide" => self.hide = value == "1",
            "errors" => self.errors = value == "1",
            "flat" => self.flat = value == "1",
            "near" => self.near = value == "1",
            "split" => self.split = value == "1",
            "z" => {
                let ends = value.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                self.zoom = ends.filter(|(from, to): &(i64, i64)| from < to);
            }
            "r" => self.root = value.parse::<SpanId>().ok().map(|id| id.to_hex()),
            "col" if !value.is_empty() => self.columns.push(value.to_owned()),
            "by" if !value.is_empty() => self.by = Some(value.to_owned()),
            _ => {}
        }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.find.is_empty() {
            pairs.push(("q", self.find.clone()));
        }
        if self.tab != Tab::default() {
            pairs.push(("tab", self.tab.word().to_owned()));
        }
        for (key, on) in [
            ("hide", self.hide),
            ("errors", self.errors),
            ("flat", self.flat),
            ("near", self.near),
            ("split", self.split),
        ] {
            if on {
                pairs.push((key, "1".to_owned()));
            }
        }
        if let Some((from, to)) = self.zoom {
            pairs.push(("z", format!("{from}..{to}")));
        }
        pairs.extend(self.root.clone().map(|root| ("r", root)));
        pairs.extend(self.columns.iter().map(|key| ("col", key.clone())));
        pairs.extend(self.by.clone().map(|by| ("by", by)));
        pairs
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
            match key.as_str() {
                "q" if matches!(route.page, Page::Home) && !value.is_empty() => route.page = Page::Paste(value.clone()),
                "log" => route.log = value.parse().ok(),
                _ => route.view.put(key, value),
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
            Page::Diff { a, b } => (format!("{}{a}...{b}", routes::STORY_PAGE), None),
            Page::Unknown(path) => (path.clone(), None),
        };
        let mut place = Place::at(&path);
        let mut put = |name: &str, value: String| place.query.push((name.to_owned(), value));
        if let Some(text) = paste.filter(|text| !text.is_empty()) {
            put("q", text.to_owned());
        }
        for (name, value) in self.view.pairs() {
            put(name, value);
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
    if let Some((a, b)) = trace.split_once("...")
        && let Ok(first) = a.parse::<TraceId>()
    {
        let second = b.parse::<TraceId>().map_or_else(|_| decode(b), |id| id.to_hex());
        return Page::Diff { a: first.to_hex(), b: second };
    }
    match trace.parse::<TraceId>() {
        Ok(id) => {
            let span_id = span.and_then(|span| span.parse::<SpanId>().ok()).map(|span| span.to_hex());
            Page::Story { trace_id: id.to_hex(), span_id }
        }
        Err(_not_an_id) if trace.is_empty() => Page::Home,
        Err(_not_an_id) => Page::Paste(decode(trace)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn every_place_survives_its_url() {
        let mut listed = Route::story(TRACE, Some("b7ad6b7169203331"));
        listed.view = View {
            tab: Tab::List,
            find: "SELECT 1 + 2 & \"ü\" 100%".into(),
            hide: true,
            errors: true,
            flat: true,
            zoom: Some((-5, 1_700_000_000)),
            root: Some("b7ad6b7169203331".into()),
            columns: vec!["http.route".into(), "a,b".into()],
            by: Some("db.system".into()),
            near: true,
            split: true,
        };
        listed.log = Some(3);
        let mut diff = Route::home();
        diff.page = Page::Diff { a: TRACE.into(), b: "baseline".into() };
        let mut unknown = Route::home();
        unknown.page = Page::Unknown("/nowhere".into());
        let mut start = Route::home();
        start.page = Page::Start;
        for route in [Route::home(), Route::paste("a b\n%41"), Route::story(TRACE, None), listed, diff, unknown, start]
        {
            let url = route.url();
            let (path, query) = url.split_once('?').unwrap_or((&url, ""));
            assert_eq!(Route::parse(path, query), route, "{url}");
        }
    }

    #[test]
    fn ids_are_taken_in_any_case_and_other_texts_are_pastes() {
        assert_eq!(Route::parse(&format!("/t/{}/", TRACE.to_uppercase()), ""), Route::story(TRACE, None));
        assert_eq!(Route::parse("/t/4bf9%2Fx", "").page, Page::Paste("4bf9/x".into()));
        assert_eq!(Route::parse(&format!("/t/{TRACE}/zz"), "").span_id(), None);
    }

    #[test]
    fn broken_escapes_and_foreign_parameters_do_no_harm() {
        assert_eq!(Route::parse("/", "utm=1&q"), Route::home());
        assert_eq!(Route::parse(&format!("/t/{TRACE}"), "tab=future&z=9..3&r=zz").view, View::default());
    }
}
