//! The process's log: lines on stderr, for people on a terminal, JSON otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{DefaultFields, Format};

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
#[error("setting `log`: {filter:?} is not a filter: {problem}\nhint: write a level, or target=level pairs with commas")]
pub struct BadFilter {
    filter: String,
    problem: String,
}

/// Starts logging with the level of `--log`. A second call in one process changes nothing.
///
/// # Errors
/// A filter that cannot be understood.
pub fn start(filter: &str) -> Result<(), BadFilter> {
    let parsed = EnvFilter::try_new(filter);
    let parsed = parsed.map_err(|error| BadFilter { filter: filter.to_owned(), problem: error.to_string() })?;
    let builder = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let format: Format = Format::default().with_target(false).with_ansi(colour);
        builder.with_ansi(colour).fmt_fields(DefaultFields::new()).event_format(format).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    // Tests start several servers in one process: the first subscriber stays.
    drop(started);
    Ok(())
}

/// Counts and logs panics, besides what the default hook does with them: a panic is a bug and must not go unseen.
pub fn watch_panics(telemetry: &std::sync::Arc<super::Telemetry>) {
    let telemetry = std::sync::Arc::clone(telemetry);
    std::panic::set_hook(Box::new(move |panic| {
        telemetry.add(super::Metric::Panics, [], 1);
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("(no message)");
        tracing::error!(place, message = crate::text::escape_control(message), "panic: please report this");
    }));
}
