//! What a run came to: its tests with their traces, its expectations, and the history of tests over many runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use telltale_api::run::{Run, RunFile};

use crate::Report;
use crate::join::TestTrace;
use crate::junit::{Outcome, TestCase};
use crate::runs::summary::Summary;

/// Version of the form.
pub const VERSION: u32 = 1;

/// What is known of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Its name.
    pub name: String,
    /// `telltale.run.id` of its telemetry.
    pub run_id: String,
    /// The command.
    pub command: Vec<String>,
    /// When it began, ns since the epoch.
    pub start_unix_nano: u64,
    /// When it ended, ns since the epoch.
    pub end_unix_nano: u64,
    /// Exit code of the command; 128 and the signal's number for one that a signal ended.
    pub exit_code: i32,
    /// Revision, branch, pipeline and so on, by their names in OpenTelemetry's conventions.
    pub attributes: Vec<(String, String)>,
    /// Trace that the run itself recorded, hex.
    pub trace_id: String,
}

/// A test and its trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The test.
    #[serde(flatten)]
    pub case: TestCase,
    /// Its trace, when one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TestTrace>,
}

impl Test {
    /// Returns class and name.
    #[must_use]
    pub fn name(&self) -> String {
        match self.case.class.as_str() {
            "" => self.case.name.clone(),
            class => format!("{class}.{}", self.case.name),
        }
    }
}

/// How much telemetry there was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Spans.
    pub spans: usize,
    /// Traces.
    pub traces: usize,
    /// Log records.
    pub logs: usize,
    /// Series of metrics.
    pub series: usize,
    /// Services, sorted.
    pub services: Vec<String>,
}

/// Everything that a run came to; a public format, fields are only ever added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunFacts,
    /// How much telemetry there was.
    pub counts: Counts,
    /// Its tests.
    pub tests: Vec<Test>,
    /// Its expectations, when it had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// What did not go as it should and does not change the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Results {
    /// Counts the tests that ended in a way.
    #[must_use]
    pub fn count(&self, is: impl Fn(Outcome) -> bool) -> usize {
        self.tests.iter().filter(|test| is(test.case.outcome)).count()
    }

    /// Says whether everything went well: the command, and what was expected of it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.run.exit_code == 0 && self.report.as_ref().is_none_or(Report::is_met)
    }
}

/// One test over many runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestHistory {
    /// Class and name.
    pub name: String,
    /// Runs in which it ran.
    pub runs: usize,
    /// Runs in which it failed.
    pub failed: usize,
    /// Whether it both passed and failed on one revision, or passed only after it had failed.
    pub is_flaky: bool,
    /// Median duration, ns.
    pub median_ns: u64,
    /// Longest duration, ns.
    pub longest_ns: u64,
    /// The newest run in which it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_in: Option<FailedIn>,
}

/// A run in which a test failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedIn {
    /// The run's name.
    pub run: String,
    /// The failure's message.
    pub message: String,
    /// The test's trace there, when one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TestTrace>,
}

/// The answer of `GET /api/runs/tests`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestList {
    /// Runs that have tests.
    pub runs: usize,
    /// Their tests: flaky ones first, then those that fail, then the slowest.
    pub tests: Vec<TestHistory>,
}

/// The answer of `GET /api/runs/show`: one run whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPage {
    /// Which.
    pub run: Run,
    /// What it came to, for runs of `telltale run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Results>,
    /// Its telemetry in short.
    pub summary: Summary,
    /// Its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<RunFile>,
}

/// Revision attribute of a run.
const REVISION: &str = "vcs.ref.head.revision";

/// Returns the history of every test: flaky ones first, then those that fail, then the slowest.
#[must_use]
pub fn history(runs: &[Results]) -> Vec<TestHistory> {
    let mut by_name: BTreeMap<String, Vec<Ran<'_>>> = BTreeMap::new();
    for results in runs {
        let revision = results.run.attributes.iter().find(|(key, _)| key == REVISION);
        let revision = revision.map_or("", |(_, value)| value.as_str());
        for test in results.tests.iter().filter(|test| test.case.outcome != Outcome::Skipped) {
            let ran = Ran { test, revision, run: &results.run };
            by_name.entry(test.name()).or_default().push(ran);
        }
    }
    let mut out: Vec<TestHistory> = by_name.into_iter().map(|(name, cases)| of_test(name, &cases)).collect();
    out.sort_by_key(|test| (!test.is_flaky, std::cmp::Reverse(test.failed), std::cmp::Reverse(test.median_ns)));
    out
}

/// A test in one of the runs.
struct Ran<'a> {
    test: &'a Test,
    revision: &'a str,
    run: &'a RunFacts,
}

impl Ran<'_> {
    fn outcome(&self) -> Outcome {
        self.test.case.outcome
    }

    fn failure(&self) -> FailedIn {
        let message = self.test.case.message.lines().next().unwrap_or_default().to_owned();
        FailedIn { run: self.run.name.clone(), message, trace: self.test.trace.clone() }
    }
}

fn of_test(name: String, ran: &[Ran<'_>]) -> TestHistory {
    let mut durations: Vec<u64> = ran.iter().map(|ran| ran.test.case.duration_ns).collect();
    durations.sort_unstable();
    let bad = |revision: &str| ran.iter().any(|ran| ran.revision == revision && ran.outcome().is_bad());
    let good = |revision: &str| ran.iter().any(|ran| ran.revision == revision && ran.outcome() == Outcome::Passed);
    let both = ran.iter().any(|ran| !ran.revision.is_empty() && bad(ran.revision) && good(ran.revision));
    let failed = ran.iter().filter(|ran| ran.outcome().is_bad());
    TestHistory {
        name,
        runs: ran.len(),
        failed: failed.clone().count(),
        is_flaky: both || ran.iter().any(|ran| ran.outcome() == Outcome::Flaky),
        median_ns: durations.get(durations.len() / 2).copied().unwrap_or_default(),
        longest_ns: durations.last().copied().unwrap_or_default(),
        failed_in: failed.max_by_key(|ran| ran.run.start_unix_nano).map(Ran::failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, tests: &[(&str, Outcome, u64)]) -> Results {
        let (revision, start) = name.split_once(' ').unwrap();
        let test = |(name, outcome, duration_ns): &(&str, Outcome, u64)| Test {
            case: TestCase {
                name: (*name).to_owned(),
                outcome: *outcome,
                duration_ns: *duration_ns,
                ..TestCase::default()
            },
            trace: None,
        };
        Results {
            run: RunFacts {
                name: name.to_owned(),
                start_unix_nano: start.parse().unwrap(),
                attributes: vec![(REVISION.to_owned(), revision.to_owned())],
                ..RunFacts::default()
            },
            tests: tests.iter().map(test).collect(),
            ..Results::default()
        }
    }

    /// Scenario: two runs of one revision and one of the next. Guarantees: only what differs without a change of the code
    /// is called flaky; the newest failure is named.
    #[test]
    fn flaky_is_what_differs_on_one_revision() {
        use Outcome::{Failed, Flaky, Passed, Skipped};
        let runs = [
            run("a 30", &[("wobbly", Passed, 5), ("broken", Passed, 9), ("rerun", Flaky, 1), ("never", Skipped, 0)]),
            run("a 20", &[("wobbly", Failed, 7), ("broken", Passed, 8), ("rerun", Passed, 1)]),
            run("b 10", &[("wobbly", Failed, 6), ("broken", Failed, 7), ("rerun", Passed, 1)]),
        ];
        let found: Vec<_> = history(&runs)
            .into_iter()
            .map(|test| {
                (test.name, test.is_flaky, test.failed, test.median_ns, test.failed_in.map(|failed| failed.run))
            })
            .collect();
        let expected = [
            ("wobbly".into(), true, 2, 6, Some("a 20".into())),
            ("rerun".into(), true, 0, 1, None),
            ("broken".into(), false, 1, 8, Some("b 10".into())),
        ];
        assert_eq!(found, expected);
    }
}
