//! Runs the literate stories (`tests/stories/*.md`) without a server; with `TELLTALE_BLESS=1` writes what is told.
//!
//! The black-box tests run the same files through the receiver, the store and the HTTP API.

mod otlp_json;

use std::path::{Path, PathBuf};

use crate::format;
use crate::story::{FactConfig, tell_in_full};

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

/// Returns the story that the requests of a document tell.
fn told(blocks: &[(String, String)]) -> String {
    let requests = blocks.iter().filter(|(info, _text)| info == "json").map(|(_info, text)| text.as_str());
    let (view, baselines) = otlp_json::store(requests);
    let story = tell_in_full(&view, &facts(blocks), &baselines);
    format::text(&story, &view)
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
        let blocks = blocks(&std::fs::read_to_string(&path).unwrap());
        let requests = blocks.iter().filter(|(info, _text)| info == "json").map(|(_info, text)| text.as_str());
        let (view, baselines) = otlp_json::store(requests);
        let story = tell_in_full(&view, &facts(&blocks), &baselines);
        let markdown = format::markdown(&story, &view);
        assert!(markdown.starts_with("### "), "{markdown}");
        assert!(markdown.contains(&story.trace_id), "{markdown}");
        assert!(!markdown.chars().any(|character| character.is_control() && character != '\n'), "{markdown:?}");
    }
}
