//! `telltale doctor`: is the server well, can senders reach it, and what did they do wrong?

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use reqwest::Url;
use telltale_api::health::{Health, StoreHealth};
use telltale_api::issue::IssueList;
use telltale_api::live::Recent;
use telltale_api::routes;
use telltale_story::format::number::counted;
use tokio::net::TcpStream;

mod canary;

use super::client::{self, Failure, Request, Server, visible};
use super::offline::{self, Folder};
use crate::limits::DOCTOR_CONNECT;

/// Look for what keeps telemetry from arriving
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Send one span, one log record and one data point, and look for them
    #[arg(long)]
    send: bool,
    #[command(flatten)]
    server: Server,
    /// Read every stored file and compare it with its checksum, without a server
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Runs the command: exit code 0 when all is well or merely odd, 1 when something does not work.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    if args.offline {
        return client::run(async { offline::verify(&args.folder, &mut io::stdout().lock()) });
    }
    client::run(examine(args, &mut io::stdout().lock()))
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Odd,
    Broken,
}

/// One line of the report.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    verdict: Verdict,
    text: String,
}

/// Makes all checks and writes the report.
pub(crate) async fn examine(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let server = &args.server;
    let health: Health = client::json(server.ask(Request::get(server.at(routes::HEALTH)?)).await?).await?;
    let recent: Recent = client::json(server.ask(Request::get(server.at(routes::RECENT)?)).await?).await?;
    let issues: IssueList = client::json(server.ask(Request::get(server.at(routes::ISSUES)?)).await?).await?;
    let mut findings = vec![of_health(&server.url, &health)];
    findings.extend(health.quarantined.iter().map(|file| finding(Verdict::Odd, format!("damaged: {file}"))));
    findings.extend(health.store.as_ref().map(of_store));
    for (name, address) in [("OTLP/gRPC", &recent.endpoints.otlp_grpc), ("OTLP/HTTP", &recent.endpoints.otlp_http)] {
        findings.push(reach(name, address).await);
    }
    if args.send {
        findings.extend(canary::examine(server, &recent.endpoints.otlp_http).await);
    }
    findings.push(of_totals(&recent));
    findings.extend(of_issues(&issues));
    write(&findings, client::may_colour(io::stdout().is_terminal()), out)?;
    match findings.iter().filter(|finding| finding.verdict == Verdict::Broken).count() {
        0 => Ok(()),
        broken => Err(Failure::Failed(format!("{broken} of {} checks failed", findings.len()))),
    }
}

fn finding(verdict: Verdict, text: String) -> Finding {
    Finding { verdict, text }
}

fn of_health(url: &str, health: &Health) -> Finding {
    let Health { status, version, .. } = health;
    let reason = health.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let verdict = if status == "ok" { Verdict::Ok } else { Verdict::Broken };
    finding(verdict, format!("server {url}, version {version}, {status}{reason}"))
}

/// An object store that does not answer holds up uploads; what only it has cannot be read.
fn of_store(store: &StoreHealth) -> Finding {
    let StoreHealth { url, segments, waiting, unavailable, problem } = store;
    let mut text = format!("object store {url}: {} there, {waiting} waiting", counted(*segments, "segment"));
    if *unavailable > 0 {
        text.push_str(&format!(", {unavailable} unavailable"));
    }
    let verdict = match (problem, *unavailable) {
        (None, _) => Verdict::Ok,
        (Some(_), 0) => Verdict::Odd,
        (Some(_), _) => Verdict::Broken,
    };
    if let Some(problem) = problem {
        text.push_str(&format!("\n{problem}"));
    }
    finding(verdict, text)
}

/// Connects as a sender would.
async fn reach(name: &str, address: &str) -> Finding {
    let place =
        Url::parse(address).ok().and_then(|url| Some((url.host_str()?.to_owned(), url.port_or_known_default()?)));
    let Some((host, port)) = place else {
        return finding(Verdict::Broken, format!("{name}: the server did not say where it listens"));
    };
    let host = host.trim_matches(['[', ']']);
    match tokio::time::timeout(DOCTOR_CONNECT, TcpStream::connect((host, port))).await {
        Ok(Ok(_connection)) => finding(Verdict::Ok, format!("{name} {address} accepts connections")),
        Ok(Err(error)) => finding(Verdict::Broken, format!("{name} {address} is not reachable from here: {error}")),
        Err(_late) => {
            finding(Verdict::Broken, format!("{name} {address} does not answer within {} s", DOCTOR_CONNECT.as_secs()))
        }
    }
}

fn of_totals(recent: &Recent) -> Finding {
    let totals = &recent.totals;
    if totals.spans + totals.logs + totals.points == 0 {
        let text = format!(
            "nothing has arrived yet: set OTEL_EXPORTER_OTLP_ENDPOINT={} for your program",
            recent.endpoints.otlp_http
        );
        return finding(Verdict::Odd, text);
    }
    let counts = [(totals.spans, "span"), (totals.logs, "log record"), (totals.points, "data point")];
    let counts = counts.map(|(count, noun)| counted(count, noun)).join(", ");
    finding(Verdict::Ok, format!("{counts} stored"))
}

fn of_issues(issues: &IssueList) -> Vec<Finding> {
    let line = |issue: &telltale_api::issue::IssueView| {
        let sender = issue.service_name.as_deref().or(issue.user_agent.as_deref()).unwrap_or("an unnamed sender");
        let text = format!(
            "{} ({}, ×{}) from {sender} at {}: {}",
            issue.code, issue.outcome, issue.count, issue.peer, issue.message
        );
        finding(Verdict::Odd, format!("{text}\nhint: {}", issue.hint))
    };
    if issues.issues.is_empty() {
        return vec![finding(Verdict::Ok, "no sender did anything odd".to_owned())];
    }
    issues.issues.iter().map(line).collect()
}

fn write(findings: &[Finding], colour: bool, out: &mut impl Write) -> io::Result<()> {
    for Finding { verdict, text } in findings {
        let (word, code) = match verdict {
            Verdict::Ok => ("ok    ", "32"),
            Verdict::Odd => ("odd   ", "33"),
            Verdict::Broken => ("broken", "31"),
        };
        let word = if colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() };
        writeln!(out, "{word}  {}", visible(text, true).replace('\n', "\n        "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(status: &str) -> Health {
        Health {
            status: status.into(),
            version: "1".into(),
            reason: Some("why".into()),
            quarantined: Vec::new(),
            store: None,
        }
    }

    /// Scenario: a store that answers, one that does not, and one that has what is asked for and does not answer.
    #[test]
    fn a_store_is_broken_when_it_withholds_data() {
        let store = |unavailable, problem: Option<&str>| StoreHealth {
            url: "s3://b".into(),
            segments: 2,
            waiting: 1,
            unavailable,
            problem: problem.map(Into::into),
        };
        assert_eq!(of_store(&store(0, None)).verdict, Verdict::Ok);
        assert_eq!(of_store(&store(0, Some("503"))).verdict, Verdict::Odd);
        let found = of_store(&store(2, Some("503\nhint: wait")));
        assert_eq!(found.verdict, Verdict::Broken);
        assert_eq!(found.text, "object store s3://b: 2 segments there, 1 waiting, 2 unavailable\n503\nhint: wait");
    }

    #[test]
    fn anything_but_ok_is_broken_and_says_why() {
        assert_eq!(of_health("u", &health("ok")).verdict, Verdict::Ok);
        for status in ["full", "poisoned", "starting"] {
            let found = of_health("u", &health(status));
            assert_eq!(found.verdict, Verdict::Broken);
            assert!(found.text.contains(status) && found.text.contains("why"), "{}", found.text);
        }
    }

    #[tokio::test]
    async fn a_port_is_reachable_exactly_while_somebody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        assert_eq!(reach("OTLP", &address).await.verdict, Verdict::Ok);
        drop(listener);
        assert_eq!(reach("OTLP", &address).await.verdict, Verdict::Broken);
        assert_eq!(reach("OTLP", "").await.verdict, Verdict::Broken);
    }

    #[test]
    fn a_report_has_no_escape_sequence_of_a_sender() {
        let mut out = Vec::new();
        write(&[finding(Verdict::Odd, "a\u{1b}[2J\nhint: b".into())], false, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "odd     a\\u{1b}[2J\n        hint: b\n");
    }
}
