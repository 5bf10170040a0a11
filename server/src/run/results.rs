//! From what was seen to what is kept: tests joined to traces, counts, notes.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use telltale_signals::join::Joiner;
use telltale_signals::junit::{self, TestCase};
use telltale_signals::results::{Results, RunFacts, Test, VERSION};
use telltale_signals::runs::summary::counts;
use telltale_signals::{Observed, Report};

use super::Plan;
use super::identity::Identity;

pub(super) fn facts(identity: &Identity, plan: &Plan, (start, end): (u64, u64), exit_code: i32) -> RunFacts {
    RunFacts {
        name: identity.name.clone(),
        run_id: identity.run_id.clone(),
        command: plan.command.clone(),
        start_unix_nano: start,
        end_unix_nano: end,
        exit_code,
        attributes: identity.attributes.clone(),
        trace_id: identity.trace_id.clone(),
    }
}

pub(super) fn results(
    plan: &Plan,
    run: RunFacts,
    report: Option<Report>,
    mut notes: Vec<String>,
    observed: &Observed,
) -> Results {
    let joiner = Joiner::new(observed);
    let mut tests = Vec::new();
    for path in &plan.junit {
        match read(path, run.start_unix_nano) {
            Ok(cases) => tests.extend(cases.into_iter().map(|case| Test { trace: joiner.find(&case), case })),
            Err(problem) => notes.push(format!("{}: {problem}", path.display())),
        }
    }
    if observed.spans.len() <= 1 && observed.logs.is_empty() && observed.series.is_empty() {
        notes.push(
            "no telemetry arrived: does the command use an OpenTelemetry SDK, with an exporter that reads \
             OTEL_EXPORTER_OTLP_ENDPOINT, and shut it down at its end?"
                .to_owned(),
        );
    }
    Results { version: VERSION, counts: counts(observed), run, tests, report, notes }
}

/// Reads a file of test results, unless it is an older run's.
fn read(path: &Path, start_unix_nano: u64) -> Result<Vec<TestCase>, String> {
    let file = std::fs::metadata(path).map_err(|error| format!("no test results: {error}"))?;
    if file.len() > telltale_signals::limits::JUNIT_BYTES as u64 {
        return Err(format!("it has {} bytes, more than {}", file.len(), telltale_signals::limits::JUNIT_BYTES));
    }
    // Clocks of file systems tick in seconds at worst.
    let start = UNIX_EPOCH + Duration::from_nanos(start_unix_nano) - Duration::from_secs(2);
    if file.modified().is_ok_and(|modified| modified < start) {
        return Err("it is older than this run and is left out".to_owned());
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    junit::read(&String::from_utf8_lossy(&bytes))
}
