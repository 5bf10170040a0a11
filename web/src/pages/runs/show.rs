//! One run: its verdict, its tests with their stories, its expectations, what failed, what was slow, what it wrote.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::run::RunFile;
use telltale_signals::results::{Results, RunPage};
use telltale_signals::runs::Problem;
use telltale_signals::runs::summary::{LogLine, Slow, Summary};
use wasm_bindgen_futures::spawn_local;

use super::{ask, head, result_badge, run_url, span_ns, tests};
use crate::client::{self, Lifetime};
use crate::components::bits::{clock_time, date_time, failure_box, go_link, skeleton};
use crate::components::verdicts::verdicts;
use crate::dom::{El, el, text_el};
use crate::route::{Route, decode, encode};
use crate::shared::Shared;
use crate::{format, strings};

/// Bytes of a file that are shown in the page.
const FILE_BYTES: u64 = 1024 * 1024;

/// The page of the run that the path names.
pub(crate) fn run_page(path: &str) -> El {
    let name = decode(path.strip_prefix("/runs/").unwrap_or_default());
    document().set_title(&strings::run_title(&name));
    let asked = ask::<RunPage>(format!("{}?run={}", routes::RUNS_SHOW, encode(&name)));
    let (answer, load) = (asked.answer, asked.load);
    let way = el("nav").label(strings::CRUMBS_LABEL).add(el("ol").class("crumbs").add([
        el("li").add(go_link("/runs", strings::RUNS_TITLE)),
        el("li").add(text_el("span", "", &name).attr("aria-current", "page")),
    ]));
    let shown = move || match answer.get() {
        None => vec![skeleton(10)],
        Some(Err(failure)) => vec![failure_box(strings::RUN_FAILED, &failure, move || load.run(()))],
        Some(Ok(page)) => parts(&page),
    };
    el("div").class("runs").add([way, text_el("h1", "", &name), el("div").class("page-part").children(shown)])
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn parts(page: &RunPage) -> Vec<El> {
    let mut parts = vec![verdict(page), facts(page)];
    if let Some(results) = &page.results {
        let results = Shared::new(results.clone());
        parts.extend(tests::tests(&results));
        parts.extend(expectations(&results));
        parts.extend(results.notes.iter().map(|note| {
            el("p")
                .class("notice")
                .add([text_el("strong", "", strings::RUN_NOTE), text_el("span", "", &format!(": {note}"))])
        }));
    }
    parts.push(errors(&page.summary));
    parts.extend(slowest(&page.summary.slowest));
    parts.push(logs(&page.summary));
    parts.extend(files(&page.run.name, &page.files));
    parts
}

fn verdict(page: &RunPage) -> El {
    let counts = &page.summary.counts;
    let services =
        if counts.services.is_empty() { String::new() } else { format!(" from {}", counts.services.join(", ")) };
    let seen = format!(
        "{} in {}, {}, {} series{services}.",
        format::counted(number(counts.spans), "span"),
        format::counted(number(counts.traces), "trace"),
        format::counted(number(counts.logs), "log"),
        format::count(number(counts.series)),
    );
    let Some(results) = &page.results else {
        return text_el("section", "verdict", &seen).label(strings::RUN_FACTS);
    };
    let run = &results.run;
    let took = format::duration(span_ns(run.start_unix_nano, run.end_unix_nano));
    let text = format!("{} after {took}. {seen}", strings::run_ended(results.is_good(), run.exit_code));
    let class = if results.is_good() { "verdict verdict-ok" } else { "verdict verdict-failed" };
    el("section")
        .class(class)
        .label(strings::RUN_FACTS)
        .add([result_badge(results.is_good()), text_el("span", "", &format!(" {} {text}", run.name))])
}

fn facts(page: &RunPage) -> El {
    let row = |key: &str, value: El| el("tr").add([text_el("th", "", key).attr("scope", "row"), el("td").add(value)]);
    let mut rows = vec![row(strings::RUNS_BEGAN, date_time(page.run.start_unix_nano.0))];
    if let Some(results) = &page.results {
        rows.push(row(strings::RUN_COMMAND, text_el("code", "", &results.run.command.join(" "))));
    }
    rows.extend(page.run.attributes.iter().map(|(key, value)| {
        // An address of the CI system is a link; nothing but http and https is one.
        let is_link = value.starts_with("https://") || value.starts_with("http://");
        let shown = match is_link {
            true => text_el("a", "", value).attr("href", value).attr("rel", "noreferrer noopener"),
            false => text_el("span", "", value),
        };
        row(key, shown)
    }));
    let table = el("table").class("plain-table runs-facts").add(el("tbody").add(rows));
    el("details").class("runs-about").add([text_el("summary", "", strings::RUN_FACTS), table])
}

fn expectations(results: &Results) -> Option<El> {
    let report = results.report.as_ref()?;
    let all = report.met + report.not_met;
    let met = strings::of_met(&format::count(number(report.met)), &format::count(number(all)));
    let title = format!("{}: {met}", strings::RUN_EXPECTATIONS);
    Some(el("section").class("page-part").add([text_el("h2", "", &title), verdicts(report, false)]))
}

/// What the first of a group of errors says.
fn said(problem: &Problem) -> &str {
    if problem.example.is_empty() { &problem.message } else { &problem.example }
}

/// The errors of a run or of a comparison, each with its story.
pub(super) fn problems(problems: &[Problem]) -> El {
    let rows = problems.iter().map(|problem| {
        let place = format!("{} {}", problem.service, problem.operation);
        let link = problem.trace_id.as_ref().map(|id| {
            go_link(&Route::story(id, problem.span_id.as_deref()).url(), strings::TEST_STORY).attr("title", id)
        });
        el("tr").add([
            text_el("td", "num", &format!("{}×", format::count(number(problem.count)))),
            text_el("td", "", place.trim()),
            el("td").add(text_el("code", "danger-text", said(problem)).attr("title", &problem.message)),
            el("td").add(link),
        ])
    });
    el("div").class("table-place").add(el("table").class("plain-table").add(el("tbody").add_all(rows)))
}

fn errors(summary: &Summary) -> El {
    let shown = summary.errors.len();
    let left = (summary.error_groups > shown).then(|| {
        text_el(
            "p",
            "muted",
            &strings::shown_of(&format::count(number(shown)), &format::count(number(summary.error_groups))),
        )
    });
    let body = if shown == 0 { text_el("p", "muted", strings::RUN_NO_ERRORS) } else { problems(&summary.errors) };
    el("section").class("page-part").add([text_el("h2", "", strings::RUN_ERRORS), body]).add(left)
}

fn slowest(slowest: &[Slow]) -> Option<El> {
    if slowest.is_empty() {
        return None;
    }
    let rows = slowest.iter().map(|slow| {
        let link = go_link(&Route::story(&slow.trace_id, Some(&slow.span_id)).url(), &slow.name);
        el("tr").add([
            text_el("td", "num", &format::duration(slow.duration_ns)),
            el("td").add(link),
            text_el("td", "muted", &slow.service),
            text_el("td", "muted", &format::counted(number(slow.count), "span")),
        ])
    });
    let table = el("table").class("plain-table").add(el("tbody").add_all(rows));
    Some(
        el("section")
            .class("page-part")
            .add([text_el("h2", "", strings::RUN_SLOWEST), el("div").class("table-place").add(table)]),
    )
}

fn logs(summary: &Summary) -> El {
    let title = text_el("h2", "", strings::RUN_LOGS);
    if summary.logs.is_empty() {
        return el("section").class("page-part").add([title, text_el("p", "muted", strings::RUN_NO_LOGS)]);
    }
    let shown = summary.logs.len();
    let left = (summary.logs_in_all > shown).then(|| {
        text_el(
            "p",
            "muted",
            &strings::shown_of(&format::count(number(shown)), &format::count(number(summary.logs_in_all))),
        )
    });
    let list = el("ul").class("runs-logs").add_all(summary.logs.iter().map(log));
    el("section").class("page-part").add([title, list]).add(left)
}

fn log(log: &LogLine) -> El {
    let (class, word) = match log.severity {
        17.. => ("severity danger-text", if log.severity > 20 { "fatal" } else { "error" }),
        13..=16 => ("severity warn-text", "warn"),
        9..=12 => ("severity muted", "info"),
        1..=8 => ("severity muted", "debug"),
        _ => ("severity muted", ""),
    };
    let span = Some(log.span_id.as_str()).filter(|id| !id.is_empty());
    let link = (!log.trace_id.is_empty())
        .then(|| go_link(&Route::story(&log.trace_id, span).url(), strings::TEST_STORY).attr("title", &log.trace_id));
    el("li")
        .class("runs-log")
        .add([
            clock_time(log.time_unix_nano.parse().unwrap_or_default()),
            text_el("span", class, word),
            text_el("span", "muted", &log.service),
            text_el("code", "", &log.body),
        ])
        .add(link)
}

fn files(run: &str, files: &[RunFile]) -> Option<El> {
    if files.is_empty() {
        return None;
    }
    let lifetime = Lifetime::of_component();
    let list = el("div").class("runs-files").add_all(files.iter().map(|one| file(run, one, lifetime)));
    Some(el("section").class("page-part").add([text_el("h2", "", strings::RUN_FILES), list]))
}

/// A file: its text when it is opened, as long as that is short enough, and the way to the whole of it.
fn file(run: &str, file: &RunFile, lifetime: Lifetime) -> El {
    let url = format!("{}?run={}&name={}", routes::RUNS_FILE, encode(run), encode(&file.name));
    let name = file.name.to_lowercase();
    let is_picture = [".png", ".jpg", ".jpeg", ".gif", ".webp"].iter().any(|end| name.ends_with(end));
    let alone = text_el("a", "button", strings::FILE_OPEN)
        .attr("href", &url)
        .attr("target", "_blank")
        .attr("rel", "noreferrer noopener");
    let head = el("summary")
        .add([text_el("span", "", &file.name), text_el("span", "muted", &format!(" {}", format::bytes(file.bytes)))]);
    let text = RwSignal::new(None::<String>);
    let small = file.bytes <= FILE_BYTES;
    let place = el("div");
    let place = if is_picture {
        place.add(el("img").class("runs-picture").attr("src", &url).attr("alt", &file.name).attr("loading", "lazy"))
    } else if small {
        place.children(move || text.get().map(|text| text_el("pre", "runs-text", &text).attr("tabindex", "0")))
    } else {
        place.add(text_el("p", "muted", strings::FILE_LARGE))
    };
    el("details")
        .on("toggle", move |_| {
            if !small || is_picture || text.with_untracked(Option::is_some) {
                return;
            }
            let url = url.clone();
            spawn_local(async move {
                let answer = client::text(&url, lifetime).await;
                if !lifetime.is_over() {
                    text.set(Some(answer.unwrap_or_else(|_| strings::FILE_FAILED.to_owned())));
                }
            });
        })
        .add([head, el("p").add(alone), place])
}

/// A heading and a link to each of two runs.
pub(super) fn side(letter: &str, name: &str) -> El {
    el("div").class("diff-side").add(
        el("p").class("diff-side-name").add([text_el("span", "diff-letter", letter), go_link(&run_url(name), name)]),
    )
}

/// A table's head.
pub(super) fn heads(words: &[&str]) -> El {
    el("thead").add(el("tr").add_all(words.iter().map(|words| head(words))))
}
