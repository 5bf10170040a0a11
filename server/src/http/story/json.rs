//! The story as JSON with its merged list. Of a large trace the list is most of the answer, and is written while it is sent: the
//! trace, the list and the text of a million spans would not be in memory at once.

use std::io;
use std::ops::Range;

use axum::response::Response;
use telltale_api::story::{Entry, Story};
use telltale_api::trace::TraceView;
use telltale_story::story::{Analysis, Entries};

use crate::http::answer;
use crate::http::pieces::{self, Members};
use crate::http::problem::Problem;
use crate::limits::STORY_ENTRIES_AT_ONCE;

/// Answers with a story and all of its entries; `story` has none.
pub(super) fn whole(view: TraceView, analysis: Analysis, story: Story) -> Result<Response, Problem> {
    let list = Entries::of(&view, &analysis);
    if list.len() <= STORY_ENTRIES_AT_ONCE {
        let entries = list.make(0..list.len(), &view, &analysis).collect();
        return answer::json(&Story { entries, ..story });
    }
    pieces::json_list(&story, Told { view, analysis, list }, STORY_ENTRIES_AT_ONCE)
}

/// What entries are made of.
struct Told {
    view: TraceView,
    analysis: Analysis,
    list: Entries,
}

impl Members for Told {
    type Member = Entry;

    fn count(&self) -> usize {
        self.list.len()
    }

    fn make(&self, range: Range<usize>) -> io::Result<Vec<Entry>> {
        Ok(self.list.make(range, &self.view, &self.analysis).collect())
    }
}
