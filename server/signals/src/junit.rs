//! JUnit XML, as the many tools that write it do: test cases with their outcome, output and properties.
//!
//! Bounded in size, depth and count; no document type is read and no entity but XML's own five and characters by
//! number is expanded.

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde::{Deserialize, Serialize};

use crate::limits::{JUNIT_BYTES, JUNIT_CASES, JUNIT_DEPTH, JUNIT_TEXT_BYTES};

mod time;

pub use time::unix_nanos;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It passed.
    #[default]
    Passed,
    /// It did not do what it should.
    Failed,
    /// It could not be run to its end.
    Error,
    /// It was not run.
    Skipped,
    /// It passed after it had failed.
    Flaky,
}

impl Outcome {
    /// Says whether the test is red.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// One test case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCase {
    /// Name of the innermost suite.
    pub suite: String,
    /// The class or module.
    pub class: String,
    /// The name.
    pub name: String,
    /// Source file, when told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Line in it, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, ns.
    pub duration_ns: u64,
    /// When it began, ns since the epoch: the suite's time and the cases before it, so about right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_unix_nano: Option<u64>,
    /// The failure's message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The failure's text, the end of it when it is very long.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// What the test printed, the end of it when that is very long.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Properties of the case, then of its suites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<(String, String)>,
}

/// A suite that is being read.
#[derive(Debug, Default)]
struct Suite {
    name: String,
    clock: Option<u64>,
    properties: Vec<(String, String)>,
    first_case: usize,
}

/// Where text belongs that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Nowhere,
    Details,
    Output,
}

#[derive(Debug)]
struct State {
    suites: Vec<Suite>,
    case: Option<TestCase>,
    cases: Vec<TestCase>,
    text: Text,
    depth: usize,
}

/// Reads a file.
///
/// # Errors
/// What is wrong, in words: no XML, no JUnit, or beyond a limit.
pub fn read(text: &str) -> Result<Vec<TestCase>, String> {
    if text.len() > JUNIT_BYTES {
        return Err(format!("it has {} bytes, more than {JUNIT_BYTES}", text.len()));
    }
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut state = State { suites: Vec::new(), case: None, cases: Vec::new(), text: Text::Nowhere, depth: 0 };
    let mut is_junit = false;
    loop {
        let at = reader.buffer_position();
        let wrong = |what: String| format!("byte {at}: {what}");
        match reader.read_event().map_err(|error| wrong(error.to_string()))? {
            Event::Start(tag) => {
                is_junit |= is_root(&tag);
                state.depth += 1;
                if state.depth > JUNIT_DEPTH {
                    return Err(wrong(format!("elements are nested deeper than {JUNIT_DEPTH}")));
                }
                state.start(&tag).map_err(wrong)?;
            }
            Event::Empty(tag) => {
                is_junit |= is_root(&tag);
                state.start(&tag).map_err(wrong)?;
                state.end(tag.local_name().as_ref());
            }
            Event::End(tag) => {
                state.depth = state.depth.saturating_sub(1);
                state.end(tag.local_name().as_ref());
            }
            Event::Text(text) => state.push(&text),
            Event::CData(text) => state.push(&text),
            Event::GeneralRef(reference) => state.push(&resolved(&reference)),
            Event::DocType(_) => return Err(wrong("a document type is not read".to_owned())),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if state.cases.len() > JUNIT_CASES {
            return Err(format!("it has more than {JUNIT_CASES} test cases"));
        }
    }
    match (is_junit, state.depth) {
        (false, _) => Err("it has no <testsuite>".to_owned()),
        (true, 0) => Ok(state.cases),
        (true, _) => Err("it ends in the middle".to_owned()),
    }
}

fn is_root(tag: &BytesStart<'_>) -> bool {
    matches!(tag.local_name().as_ref(), "testsuites" | "testsuite")
}

/// Returns what a reference stands for; one that nobody declared stays as it is.
fn resolved(reference: &BytesRef<'_>) -> String {
    let by_number = reference.resolve_char_ref().ok().flatten().map(String::from);
    let by_name = || resolve_predefined_entity(reference).map(str::to_owned);
    by_number.or_else(by_name).unwrap_or_else(|| format!("&{};", &**reference))
}

impl State {
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let attribute = |name: &str| -> Result<Option<String>, String> {
            let Some(found) = tag.try_get_attribute(name).map_err(|error| error.to_string())? else { return Ok(None) };
            Ok(Some(unescape(&found.value).map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned)))
        };
        match tag.local_name().as_ref() {
            "testsuite" => {
                let clock = attribute("timestamp")?.and_then(|text| unix_nanos(&text));
                let name = attribute("name")?.unwrap_or_default();
                self.suites.push(Suite { name, clock, properties: Vec::new(), first_case: self.cases.len() });
            }
            "testcase" => {
                let suite = self.suites.last();
                let seconds = attribute("time")?.and_then(|text| text.replace(',', "").parse::<f64>().ok());
                let own_start = attribute("timestamp")?.and_then(|text| unix_nanos(&text));
                self.case = Some(TestCase {
                    suite: suite.map(|suite| suite.name.clone()).unwrap_or_default(),
                    class: attribute("classname")?.unwrap_or_default(),
                    name: attribute("name")?.unwrap_or_default(),
                    file: attribute("file")?.unwrap_or_default(),
                    line: attribute("line")?.and_then(|text| text.parse().ok()),
                    duration_ns: nanos(seconds.unwrap_or_default()),
                    start_unix_nano: own_start.or_else(|| suite.and_then(|suite| suite.clock)),
                    ..TestCase::default()
                });
            }
            "property" => {
                let name = attribute("name")?.unwrap_or_default();
                let value = attribute("value")?.unwrap_or_default();
                match (&mut self.case, self.suites.last_mut()) {
                    (Some(case), _) => case.properties.push((name, value)),
                    (None, Some(suite)) => suite.properties.push((name, value)),
                    (None, None) => {}
                }
            }
            kind
            @ ("failure" | "error" | "skipped" | "flakyFailure" | "flakyError" | "rerunFailure" | "rerunError") => {
                let message = attribute("message")?;
                if let Some(case) = &mut self.case {
                    case.outcome = worse(case.outcome, kind);
                    if let Some(message) = message.filter(|_| case.message.is_empty()) {
                        case.message = message;
                    }
                    self.text = Text::Details;
                }
            }
            "system-out" | "system-err" if self.case.is_some() => self.text = Text::Output,
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        let Some(case) = &mut self.case else { return };
        let target = match self.text {
            Text::Nowhere => return,
            Text::Details => &mut case.details,
            Text::Output => &mut case.output,
        };
        target.push_str(text);
        // Twice the limit before it is cut back: long outputs come in many pieces.
        if target.len() > 2 * JUNIT_TEXT_BYTES {
            *target = tail(target);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "testcase" => {
                let Some(mut case) = self.case.take() else { return };
                case.details = tail(&case.details);
                case.output = tail(&case.output);
                if let Some(clock) = self.suites.last_mut().and_then(|suite| suite.clock.as_mut()) {
                    *clock = clock.saturating_add(case.duration_ns);
                }
                self.cases.push(case);
            }
            "testsuite" => {
                let Some(suite) = self.suites.pop() else { return };
                for case in self.cases.iter_mut().skip(suite.first_case) {
                    case.properties.extend(suite.properties.iter().cloned());
                }
            }
            "failure" | "error" | "skipped" | "system-out" | "system-err" => self.text = Text::Nowhere,
            _ if name.starts_with("flaky") || name.starts_with("rerun") => self.text = Text::Nowhere,
            _ => {}
        }
    }
}

/// A case with both an error and a failure has an error; flaky elements stand in cases that passed in the end.
fn worse(outcome: Outcome, element: &str) -> Outcome {
    match (outcome, element) {
        (_, "error") | (Outcome::Error, _) => Outcome::Error,
        (_, "failure") | (Outcome::Failed, _) => Outcome::Failed,
        (_, "flakyFailure" | "flakyError") => Outcome::Flaky,
        (_, "skipped") => Outcome::Skipped,
        (outcome, _) => outcome,
    }
}

fn nanos(seconds: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| u64::try_from(duration.as_nanos()).ok())
        .unwrap_or_default()
}

/// The end of a text, where a failure is; what was cut off is counted.
fn tail(text: &str) -> String {
    let text = text.trim();
    if text.len() <= JUNIT_TEXT_BYTES {
        return text.to_owned();
    }
    let start = text.len() - JUNIT_TEXT_BYTES;
    let start = (start..text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len());
    format!("… ({start} bytes left out)\n{}", text.get(start..).unwrap_or_default())
}

#[cfg(test)]
mod tests;
