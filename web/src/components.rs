//! Small views: props in, events out, each with its style sheet beside it.

pub(crate) mod around;
pub(crate) mod bits;
pub(crate) mod copy_button;
pub(crate) mod drawer;
pub(crate) mod errors_tab;
pub(crate) mod facts;
pub(crate) mod first_run;
pub(crate) mod flame;
pub(crate) mod graph_tab;
pub(crate) mod header;
pub(crate) mod issues;
pub(crate) mod keys_dialog;
pub(crate) mod loaded;
pub(crate) mod paste_box;
pub(crate) mod raw_tab;
pub(crate) mod snippets;
pub(crate) mod story_list;
pub(crate) mod table_tab;
pub(crate) mod tabs;
pub(crate) mod time_bar;
pub(crate) mod timeline;
pub(crate) mod trace_list;
pub(crate) mod verdict;
pub(crate) mod verdicts;
pub(crate) mod virtual_rows;
