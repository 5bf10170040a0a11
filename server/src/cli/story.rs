//! `telltale story ID`: the story of one request on a terminal. Takes whatever a log line or a header holds.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write};
use std::process::ExitCode;

use telltale_api::resolve::ResolveAnswer;
use telltale_api::routes;

use super::client::{self, Failure, Request, Server, visible};

/// Tell the story of one request
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A trace id in any spelling, or anything that holds one: a traceparent, a log line, a URL; `-` reads it from stdin
    paste: String,
    /// Write the story as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Write the story as Markdown, for tickets and chats
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(tell(args, &mut io::stdout().lock()))
}

/// Finds the trace and writes its story.
pub(crate) async fn tell(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let trace_id = find(&args.server, &paste(args)?).await?;
    let (suffix, json) = match (args.json, args.markdown) {
        (true, _) => ("json", true),
        (_, true) => ("md", false),
        _ => ("txt", false),
    };
    let address = args.server.at(&format!("{}{trace_id}.{suffix}", routes::STORY_PAGE))?;
    let response = args.server.ask(Request::get(address)).await?;
    let text = response.text().await.map_err(|error| Failure::Failed(format!("the answer broke off: {error}")))?;
    let text = if json { text } else { visible(&text, true) };
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn paste(args: &Args) -> Result<String, Failure> {
    if args.paste != "-" {
        return Ok(args.paste.clone());
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(crate::limits::PASTE_BYTES as u64).read_to_string(&mut text);
    read.map_err(|error| Failure::Usage(format!("cannot read the paste from stdin: {error}")))?;
    Ok(text)
}

/// Returns the one trace that a paste means.
pub(super) async fn find(server: &Server, paste: &str) -> Result<String, Failure> {
    let mut address = server.at(routes::RESOLVE)?;
    address.query_pairs_mut().append_pair("q", paste);
    let answer: ResolveAnswer = client::json(server.ask(Request::get(address)).await?).await?;
    match &answer.go {
        Some(destination) => Ok(destination.trace_id.clone()),
        None => Err(undecided(&answer)),
    }
}

/// Says what was understood and why it leads to no single trace.
fn undecided(answer: &ResolveAnswer) -> Failure {
    if answer.candidates.is_empty() {
        return Failure::NotFound(
            "no trace id was found in that text\nhint: give 32 or 16 hex digits, a UUID, base64, a traceparent, or a \
             log line or URL that holds one"
                .to_owned(),
        );
    }
    let mut text = String::new();
    for candidate in &answer.candidates {
        let _infallible = write!(text, "\n  {} ({})", candidate.id, candidate.form);
        for trace in &candidate.traces {
            let _infallible = write!(text, "\n    → {} {}", trace.trace_id, visible(&trace.name, false));
        }
    }
    if answer.candidates.iter().all(|candidate| candidate.traces.is_empty()) {
        let searched = &answer.searched;
        let told = answer.not_found.iter().flat_map(|not_found| &not_found.sentences);
        let told: String = told.map(|sentence| format!("\n{}", visible(sentence, false))).collect();
        return Failure::NotFound(format!(
            "no such trace; it was read as{text}\nsearched {} spans in {} segments and memory{told}",
            searched.spans, searched.segments
        ));
    }
    Failure::Usage(format!("that may mean several traces{text}\nhint: give one of these ids"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_api::resolve::{ResolvedCandidate, Searched};
    use telltale_api::trace::TraceSummary;

    fn answer(hits: &[&str]) -> ResolveAnswer {
        let traces = hits.iter().map(|id| TraceSummary {
            trace_id: (*id).into(),
            start_unix_nano: telltale_api::Nanos(0),
            duration_ns: telltale_api::SignedNanos(0),
            name: "GET \u{1b}[2J".into(),
            service_name: None,
            has_root: true,
            span_count: 1,
            error_count: 0,
            first_error: None,
            services: Vec::new(),
        });
        let candidate = ResolvedCandidate {
            form: "16 hex digits".into(),
            id: "8448eb211c80319c".into(),
            span_id: None,
            confidence: 60,
            note: None,
            traces: traces.collect(),
        };
        let searched = Searched { segments: 2, spans: 30, elapsed_us: 4 };
        ResolveAnswer { candidates: vec![candidate], go: None, searched, diff: None, not_found: None }
    }

    #[test]
    fn nothing_found_is_exit_code_4_and_says_what_was_understood_and_searched() {
        let failure = undecided(&answer(&[]));
        assert_eq!(failure.exit_code(), ExitCode::from(4));
        let text = failure.to_string();
        assert!(text.contains("8448eb211c80319c (16 hex digits)") && text.contains("30 spans in 2 segments"), "{text}");
        let nothing = ResolveAnswer { candidates: Vec::new(), ..answer(&[]) };
        assert_eq!(undecided(&nothing).exit_code(), ExitCode::from(4));
    }

    #[test]
    fn several_traces_are_listed_safely_and_none_is_picked() {
        let failure = undecided(&answer(&["aa", "bb"]));
        assert_eq!(failure.exit_code(), ExitCode::from(2));
        let text = failure.to_string();
        assert!(text.contains("→ aa GET \\u{1b}[2J") && text.contains("→ bb"), "{text}");
    }
}
