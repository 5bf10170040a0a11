//! The text formats that applications expose: Prometheus 0.0.4 and OpenMetrics 1.0, with exemplars and quoted UTF-8 names.
//!
//! A text is taken whole or not at all, as Prometheus does it: half a scrape would look like vanished series. Whitespace is
//! read generously in both formats; what decides values (names, escapes, numbers, `# EOF`) is not.

use std::collections::BTreeMap;

use crate::limits::SCRAPE_SAMPLES_MAX;
use crate::number::normalized_bound;
use crate::series::{FamilyType, Metadata, NAME, Series};

mod line;

use line::{Line, Sample};

/// Which of the formats a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`: times in milliseconds.
    Text,
    /// `application/openmetrics-text`: times in seconds, exemplars, `# EOF` at the end.
    OpenMetrics,
}

impl Format {
    /// Returns the format of a `Content-Type`; everything that is not OpenMetrics is the older text.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Self {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        if media.eq_ignore_ascii_case("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }
}

/// What a text holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scrape {
    /// One entry a sample line, in the order of the text. Labels are sorted; `le` and `quantile` have one spelling.
    pub series: Vec<Series>,
    /// Families by name.
    pub families: BTreeMap<String, Metadata>,
}

/// Why a text is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TextError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// Reads a text. Samples without a time get `now_ms`.
///
/// # Errors
/// The first line that is not understood, a missing `# EOF`, and more than [`SCRAPE_SAMPLES_MAX`] samples.
pub fn parse(format: Format, text: &str, now_ms: i64) -> Result<Scrape, TextError> {
    let mut scrape = Scrape::default();
    let mut is_over = false;
    let mut lines = 0;
    for (number, line) in text.split('\n').enumerate() {
        let at = |what: String| TextError { line: number + 1, what };
        lines = number + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if is_over && !line.trim().is_empty() {
            return Err(at("text after # EOF".to_owned()));
        }
        match line::read(format, line).map_err(at)? {
            Line::Nothing => {}
            Line::End => is_over = true,
            Line::Type(family, kind) => family_of(&mut scrape.families, family).kind = kind,
            Line::Help(family, help) => family_of(&mut scrape.families, family).help = help,
            Line::Unit(family, unit) => family_of(&mut scrape.families, family).unit = unit,
            Line::Sample(sample) => {
                if scrape.series.len() >= SCRAPE_SAMPLES_MAX {
                    return Err(at(format!("more than {SCRAPE_SAMPLES_MAX} samples in one text")));
                }
                scrape.series.push(series(sample, now_ms).map_err(at)?);
            }
        }
    }
    if format == Format::OpenMetrics && !is_over {
        return Err(TextError { line: lines, what: "the text does not end with # EOF".to_owned() });
    }
    for series in &mut scrape.series {
        series.metadata = metadata_of(&scrape.families, series.name()).cloned();
    }
    Ok(scrape)
}

fn family_of(families: &mut BTreeMap<String, Metadata>, family: String) -> &mut Metadata {
    families.entry(family.clone()).or_insert_with(|| Metadata { family, ..Metadata::default() })
}

/// Suffixes of the series of one family.
const SUFFIXES: [&str; 8] = ["_total", "_bucket", "_count", "_sum", "_created", "_info", "_gcount", "_gsum"];

/// Returns what is known of the family that a sample's name belongs to.
#[must_use]
pub fn metadata_of<'a>(families: &'a BTreeMap<String, Metadata>, name: &str) -> Option<&'a Metadata> {
    let base = || SUFFIXES.iter().find_map(|suffix| families.get(name.strip_suffix(suffix)?));
    families.get(name).or_else(base)
}

fn series(sample: Sample, now_ms: i64) -> Result<Series, String> {
    let timestamp_ms = sample.timestamp_ms.unwrap_or(now_ms);
    let mut labels = sample.labels;
    for (name, value) in &mut labels {
        if name == "le" || name == "quantile" {
            *value = normalized_bound(value);
        }
    }
    labels.push((NAME.to_owned(), sample.name));
    let exemplars = sample.exemplar.into_iter().map(|(exemplar, has_time)| {
        let timestamp_ms = if has_time { exemplar.timestamp_ms } else { timestamp_ms };
        crate::Exemplar { timestamp_ms, ..exemplar }
    });
    let series = Series {
        labels,
        samples: vec![(timestamp_ms, sample.value)],
        exemplars: exemplars.collect(),
        ..Series::default()
    };
    series.checked().map_err(|error| error.to_string())
}

/// Returns whether a family's series only grow: of a histogram everything but the sum of possibly negative observations,
/// which Prometheus treats as a counter too.
#[must_use]
pub fn is_cumulative(metadata: Option<&Metadata>, name: &str) -> bool {
    let has = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    match metadata.map_or(FamilyType::Unknown, |metadata| metadata.kind) {
        FamilyType::Counter => !name.ends_with("_created"),
        FamilyType::Histogram => has(&["_bucket", "_count", "_sum"]),
        FamilyType::Summary => has(&["_count", "_sum"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
