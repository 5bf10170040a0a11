//! The story as JSON with its merged list. Of a large trace the list is most of the answer, and is written while it is sent: the
//! trace, the list and the text of a million spans would not be in memory at once.

use axum::response::Response;
use telltale_api::story::Story;
use telltale_api::trace::TraceView;
use telltale_story::story::{Analysis, Entries};

use crate::http::answer::{self, Pieces};
use crate::http::problem::Problem;
use crate::limits::STORY_ENTRIES_AT_ONCE;

/// How the JSON of a story ends when its list is empty, which stands last.
const END: &[u8] = b"]}";

/// Answers with a story and all of its entries.
pub(super) fn whole(view: TraceView, analysis: Analysis, story: Story) -> Result<Response, Problem> {
    let entries = Entries::of(&view, &analysis);
    if entries.len() <= STORY_ENTRIES_AT_ONCE {
        let entries = entries.from(0, &view, &analysis).collect();
        return answer::json(&Story { entries, ..story });
    }
    let mut head = answer::to_json(&story)?;
    debug_assert!(head.ends_with(END), "the list is the last field");
    head.truncate(head.len().saturating_sub(END.len()));
    Ok(answer::pieces(answer::JSON, head, Rest { view, analysis, entries, next: 0 }))
}

/// The entries that are still to be written.
struct Rest {
    view: TraceView,
    analysis: Analysis,
    entries: Entries,
    next: usize,
}

impl Pieces for Rest {
    type Error = serde_json::Error;

    fn write(&mut self) -> Result<(Vec<u8>, bool), Self::Error> {
        let mut out = Vec::new();
        let entries = self.entries.from(self.next, &self.view, &self.analysis).take(STORY_ENTRIES_AT_ONCE);
        for (at, entry) in (self.next..).zip(entries) {
            if at > 0 {
                out.push(b',');
            }
            serde_json::to_writer(&mut out, &entry)?;
        }
        self.next += STORY_ENTRIES_AT_ONCE;
        let is_last = self.next >= self.entries.len();
        if is_last {
            out.extend_from_slice(END);
        }
        Ok((out, is_last))
    }
}
