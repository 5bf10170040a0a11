//! Runs the literate stories (`tests/stories/*.md`) without a server; with `TELLTALE_BLESS=1` writes what is told.
//!
//! The black-box tests run the same files through the receiver, the store and the HTTP API.

mod otlp_json;

use std::path::{Path, PathBuf};

use telltale_api::story::{Outcome, Story};
use telltale_api::trace::TraceView;

use crate::format;
use crate::story::{Analysis, FactConfig, tell_in_full};

/// Where the stories are.
fn documents() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/stories");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut out: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    out.retain(|path| !path.ends_with("README.md"));
    out.sort();
    out
}

/// Splits a document into its fenced blocks: info string and text.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some("")) => out.extend(open.take()),
            (Some((_info, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    out
}

/// Returns the facts that a document configures; the defaults when it has no block for them.
fn facts(blocks: &[(String, String)]) -> FactConfig {
    let Some((_info, text)) = blocks.iter().find(|(info, _text)| info == "toml") else { return FactConfig::default() };
    #[derive(serde::Deserialize)]
    struct File {
        fact: Vec<crate::story::FactRule>,
    }
    FactConfig::with_team(toml::from_str::<File>(text).unwrap_or_else(|error| panic!("{error}")).fact)
}

/// Returns the trace that the requests of a document make, and its story.
fn story_of(blocks: &[(String, String)]) -> (TraceView, Story) {
    let requests = blocks.iter().filter(|(info, _text)| info == "json").map(|(_info, text)| text.as_str());
    let (view, baselines) = otlp_json::store(requests);
    let story = tell_in_full(&view, &facts(blocks), &baselines);
    (view, story)
}

/// Returns the story that the requests of a document tell, as text.
fn told(blocks: &[(String, String)]) -> String {
    let (view, story) = story_of(blocks);
    format::text(&story, &view, &Analysis::new(&view))
}

#[test]
fn stories_are_told_as_written() {
    let documents = documents();
    assert!(documents.len() >= 40, "{documents:?}");
    for path in documents {
        let markdown = std::fs::read_to_string(&path).unwrap();
        let blocks = blocks(&markdown);
        let told = told(&blocks);
        let (_info, expected) = blocks.iter().find(|(info, _text)| info == "text").unwrap();
        if std::env::var_os("TELLTALE_BLESS").is_some() {
            let blessed = markdown.replace(&format!("```text\n{expected}```"), &format!("```text\n{told}```"));
            std::fs::write(&path, blessed).unwrap();
        } else {
            assert_eq!(told.trim_end(), expected.trim_end(), "{}: told:\n{told}", path.display());
        }
    }
}

#[test]
fn every_story_is_told_as_markdown_too() {
    for path in documents() {
        let (view, story) = story_of(&blocks(&std::fs::read_to_string(&path).unwrap()));
        let markdown = format::markdown(&story, &view, &Analysis::new(&view));
        assert!(markdown.starts_with("### "), "{markdown}");
        assert!(markdown.contains(&story.trace_id), "{markdown}");
        assert!(!markdown.chars().any(|character| character.is_control() && character != '\n'), "{markdown:?}");
    }
}

/// Sentences that no story can end in: the page of a trace of which nothing arrived is the not-found page.
const NEVER_TOLD: [&str; 1] = ["Nothing of this trace has arrived yet."];

/// Caveats that no written story can have: this one holds only for the seconds after an item came, and the black-box tests see it.
const OF_A_MOMENT: [&str; 1] = ["still_arriving"];

/// Returns the texts of a source file's own code, without what is filled into them: the longest piece of each.
fn texts(source: &str) -> Vec<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let literals = code.split('"').skip(1).step_by(2);
    let pieces = literals.filter_map(|literal| {
        let piece = literal.split(['{', '}']).map(str::trim).max_by_key(|piece| piece.len())?;
        Some(piece.to_owned())
    });
    pieces.filter(|piece| piece.len() >= 6 && !NEVER_TOLD.contains(&piece.as_str())).collect()
}

/// What the engine can say is read from its source: a new sentence, caveat or default fact fails here until a story tells it.
#[test]
fn every_kind_of_verdict_every_caveat_and_every_default_fact_has_its_story() {
    let stories: Vec<Story> =
        documents().iter().map(|path| story_of(&blocks(&std::fs::read_to_string(path).unwrap())).1).collect();
    let verdicts: Vec<String> = stories
        .iter()
        .map(|story| story.verdict.iter().map(|phrase| phrase.text.as_str()).collect::<String>())
        .collect();
    let chips: Vec<&str> = stories.iter().flat_map(|story| &story.chips).map(|chip| chip.code.as_str()).collect();
    let facts: Vec<&str> = stories.iter().flat_map(|story| &story.facts).map(|fact| fact.label.as_str()).collect();

    let mut untold: Vec<String> = texts(include_str!("story/verdict.rs"))
        .into_iter()
        .filter(|piece| !verdicts.iter().any(|verdict| verdict.contains(piece.as_str())))
        .map(|piece| format!("verdict: {piece}"))
        .collect();
    let outcomes = [Outcome::Ok, Outcome::Failed, Outcome::Recovered, Outcome::Unknown];
    let missing = outcomes.iter().filter(|outcome| !stories.iter().any(|story| story.outcome == **outcome));
    untold.extend(missing.map(|outcome| format!("outcome: {outcome:?}")));
    let codes = include_str!("story/chips.rs").split("chip(\"").skip(1).filter_map(|rest| rest.split('"').next());
    untold.extend(
        codes.filter(|code| !chips.contains(code) && !OF_A_MOMENT.contains(code)).map(|code| format!("caveat: {code}")),
    );
    let labels = FactConfig::default().facts;
    untold.extend(
        labels.iter().filter(|rule| !facts.contains(&rule.label.as_str())).map(|rule| format!("fact: {}", rule.label)),
    );
    assert!(untold.is_empty(), "no story in tests/stories tells these:\n{}", untold.join("\n"));
}
