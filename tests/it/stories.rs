//! The literate stories: tests/stories/*.md holds OTLP/JSON in a code block and the expected story in another.

use serde_json::Value;
use telltale_tests::http::Signal;

use crate::support::{launch, root, server};

/// A fenced block: its info string and its text.
struct Block {
    info: String,
    text: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.trim().to_owned(), text: String::new() }),
            (Some(_), Some("")) => out.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block is not closed");
    out
}

/// Every story document: what it sends is accepted, and the stories it promises are told, word by word.
#[tokio::test]
async fn stories_are_told_as_written() {
    let folder = root().join("tests/stories");
    let mut told = 0;
    let mut documents: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.sort();
    for path in documents.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        told += tell(&name, &std::fs::read_to_string(path).unwrap()).await;
    }
    assert!(told > 0, "no story in {}", folder.display());
}

async fn tell(name: &str, markdown: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let settings = blocks(markdown).into_iter().find(|block| block.info.starts_with("toml"));
    let server = match settings {
        // The facts of a team, as its own file has them.
        Some(block) => {
            let path = folder.path().join("telltale.toml");
            std::fs::write(&path, block.text).unwrap();
            launch().env("TELLTALE_CONFIG", path.display().to_string()).start()
        }
        None => server(),
    };
    let (mut told, mut trace_id) = (0, None);
    for block in blocks(markdown) {
        if block.info.starts_with("json") {
            let request: Value = serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{name}: {error}"));
            trace_id = find_trace_id(&request).or(trace_id);
            let signal = match request.as_object().unwrap().keys().next().unwrap().as_str() {
                "resourceSpans" => Signal::Traces,
                "resourceLogs" => Signal::Logs,
                _ => Signal::Metrics,
            };
            let _ = server.http.export_json(signal, &request).await.ok();
        } else if block.info.starts_with("text") {
            let trace_id = trace_id.as_deref().unwrap_or_else(|| panic!("{name}: a story before any trace"));
            let text = server.http.get(&format!("/t/{trace_id}.txt")).await.ok().text();
            // The one line that holds a time of this moment.
            let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("! still arriving")).collect();
            let text = text.join("\n");
            assert_eq!(text.trim_end(), block.text.trim_end(), "{name}: told:\n{text}");
            told += 1;
        }
    }
    told
}

fn find_trace_id(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("traceId").and_then(Value::as_str).map(str::to_lowercase);
            own.or_else(|| members.values().find_map(find_trace_id))
        }
        Value::Array(items) => items.iter().find_map(find_trace_id),
        _ => None,
    }
}
