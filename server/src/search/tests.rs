//! Search over a store against a plain look at every record: every operator, pages, counts, facets.

mod around;
mod data;
mod exact;
mod pages;
