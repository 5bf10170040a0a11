//! The head of a story's page: a title and preview texts for chats and tickets, made where the data is.
//!
//! The shell is the same for every page; for `/t/{id}` this puts a title, `og:` tags and a preload of the trace's data
//! into it. Whatever telemetry says is text here: [`escape`] is the only way in.

use std::fmt::Write as _;

use telltale_api::routes;
use telltale_api::trace::TraceSummary;
use telltale_story::format;

use crate::limits::PREVIEW_BYTES;
use crate::text::shorten;

/// Returns the shell with the head of one trace; without a summary the trace is not stored (yet), and there is nothing
/// to preload.
pub(crate) fn with_head(shell: &str, trace_id: &str, summary: Option<&TraceSummary>) -> String {
    let (title, description) = match summary {
        Some(summary) => (title(summary), description(summary)),
        None => (format!("Trace {trace_id}"), "Not in the store, or not yet.".to_owned()),
    };
    let (before, after) = split_title(shell);
    let mut html = String::with_capacity(shell.len() + 1_024);
    html.push_str(before);
    write_head(&mut html, &title, &description);
    if summary.is_some() {
        write_preload(&mut html, trace_id);
    }
    html.push_str(after);
    html
}

/// Splits the shell around its title; one without a title gets the head before `</head>`.
fn split_title(shell: &str) -> (&str, &str) {
    let around = shell.split_once("<title>").and_then(|(before, rest)| Some((before, rest.split_once("</title>")?.1)));
    let end = || shell.find("</head>").and_then(|end| shell.split_at_checked(end));
    around.or_else(end).unwrap_or((shell, ""))
}

fn write_head(html: &mut String, title: &str, description: &str) {
    let (title, description) = (escape(&shorten(title, PREVIEW_BYTES)), escape(&shorten(description, PREVIEW_BYTES)));
    let _infallible = write!(
        html,
        "<title>{title} · telltale</title>\
         <meta property=\"og:type\" content=\"article\">\
         <meta property=\"og:site_name\" content=\"telltale\">\
         <meta property=\"og:title\" content=\"{title}\">\
         <meta property=\"og:description\" content=\"{description}\">"
    );
}

/// Lets the browser fetch the trace while it loads the application.
fn write_preload(html: &mut String, trace_id: &str) {
    let (path, id) = (routes::TRACE, escape(trace_id));
    let _infallible =
        write!(html, "<link rel=\"preload\" as=\"fetch\" crossorigin=\"anonymous\" href=\"{path}{id}/pack\">");
}

/// `POST /orders · with errors, 2.31 s`.
fn title(summary: &TraceSummary) -> String {
    let verb = if summary.error_count > 0 { "with errors, " } else { "" };
    format!("{} · {verb}{}", summary.name, format::duration(summary.duration_ns.0))
}

/// `card_declined · 47 spans in gateway, payment-api`.
fn description(summary: &TraceSummary) -> String {
    let mut text = String::new();
    if let Some(error) = &summary.first_error {
        let _infallible = write!(text, "{error} · ");
    }
    let services = summary.services.join(", ");
    text.push_str(&format::number::counted(summary.span_count, "span"));
    if !services.is_empty() {
        let _infallible = write!(text, " in {services}");
    }
    text
}

/// Makes text safe inside an element and inside a quoted attribute; control characters become spaces.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHELL: &str = "<!doctype html><html><head><title>telltale</title></head><body>shell</body></html>";

    fn summary(name: &str, error: &str) -> TraceSummary {
        TraceSummary {
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
            start_unix_nano: telltale_api::Nanos(1),
            duration_ns: telltale_api::SignedNanos(84_000_000),
            name: name.into(),
            service_name: None,
            has_root: true,
            span_count: 12,
            error_count: 1,
            first_error: Some(error.into()),
            services: vec!["<b>".into()],
        }
    }

    #[test]
    fn the_title_is_replaced_and_the_data_is_preloaded() {
        let html = with_head(SHELL, "0af7", Some(&summary("GET /cart", "boom")));
        assert_eq!(html.matches("<title>").count(), 1);
        assert!(html.contains("<title>GET /cart · with errors, "), "{html}");
        assert!(html.contains("content=\"boom · 12 spans in &lt;b&gt;\""), "{html}");
        assert!(html.contains("href=\"/api/trace/0af7/pack\""), "{html}");
        assert!(html.ends_with("</head><body>shell</body></html>"), "{html}");
    }

    #[test]
    fn a_shell_without_a_title_gets_the_head_all_the_same() {
        let html = with_head("<html><head></head></html>", "0af7", None);
        assert!(html.contains("<title>Trace 0af7 · telltale</title>"), "{html}");
        assert!(!html.contains("preload"), "what is not stored is not fetched twice: {html}");
        assert!(html.ends_with("</head></html>"), "{html}");
    }

    #[test]
    fn long_texts_are_cut_at_the_limit_and_say_so() {
        let html = with_head(SHELL, "0af7", Some(&summary(&"x".repeat(1_000_000), "e")));
        assert!(html.len() < SHELL.len() + 3 * PREVIEW_BYTES + 1_000, "{}", html.len());
        assert!(html.contains("x… · telltale</title>"), "the cut is visible");
    }

    proptest! {
        /// Whatever a name or an error holds, the markup is that of the harmless page.
        #[test]
        fn telemetry_never_becomes_markup(
            name in "(<script>|</title>|\"|'|&lt;|\\PC|[\\x00-\\x1f]){0,20}",
            error in "(-->|<img src=x onerror=alert(1)>|\" onload=\"|\\PC){0,20}",
        ) {
            let skeleton = |html: &str| html.matches(['<', '>', '"']).collect::<String>();
            let harmless = with_head(SHELL, "0af7", Some(&summary("n", "e")));
            let hostile = with_head(SHELL, "0af7", Some(&summary(&name, &error)));
            prop_assert_eq!(skeleton(&hostile), skeleton(&harmless));
        }

        #[test]
        fn escaping_loses_nothing_but_control_characters(text in "[ -~äß€<>&\"']{0,40}") {
            let back = escape(&text).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            prop_assert_eq!(back.replace("&#39;", "'").replace("&amp;", "&"), text);
        }
    }
}
