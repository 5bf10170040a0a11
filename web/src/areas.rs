//! The areas of the application: which pages each has. `src/bin` has a module for each, the server picks one by
//! `telltale_api::area::Area`.

use telltale_api::area::Area;

use crate::app::start;
use crate::pages;

/// Starts the area with the start page and the page of one request.
pub fn story() {
    start(Area::Story, pages::story_area);
}

/// Starts the area with search, services and what arrives.
pub fn explore() {
    start(Area::Explore, pages::explore_area);
}

/// Starts the area with metrics.
pub fn metrics() {
    start(Area::Metrics, pages::metrics_area);
}

/// Starts the area with runs of tests and comparisons.
pub fn runs() {
    start(Area::Runs, pages::runs_area);
}
