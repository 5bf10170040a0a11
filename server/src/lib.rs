//! telltale's server: OTLP in, the story of one request out, over HTTP, gRPC and the command line.
//!
//! ```text
//! listeners → edge (who may ask what) → receiver → decode → telltale-storage
//!                                     ↘ http → telltale-query → telltale-api → browser
//! ```
//!
//! Modules in reading order:
//!
//! * [`cli`]: the commands; [`config`]: every setting, once; [`app`]: open, bind, serve, shut down.
//! * [`state`]: what request handlers share.
//! * [`listeners`]: sockets and connections; [`edge`], [`security`]: who may ask what, and who answers.
//! * [`receiver`]: OTLP over gRPC and HTTP; [`decode`]: OTLP/JSON to protobuf bytes.
//! * [`quiet`]: what only a whole trace shows, once nothing more of it comes.
//! * [`forward`]: the tee to another OTLP back end.
//! * `demo`: what `telltale demo` and `telltale doctor --send` send.
//! * [`live`], [`issues`]: what was just acknowledged, and what senders did wrong or oddly.
//! * `observe`, [`expect`], [`runs`], [`board`]: what is stored as plain values, promises judged by it, named parts of it, the
//!   board.
//! * [`import`]: files of this and other tools, through the same append as OTLP.
//! * [`share`]: one trace for others, redacted, as a file or behind a link.
//! * `search`: from the text of the search box to pages, counts, facets, differences and patterns; [`saved`]: saved
//!   searches.
//! * `services`: what services do and whom they call, from their spans.
//! * [`run`], [`artifact`], `report`: a server for one command, what is kept of it, and the same as one page.
//! * [`http`]: the query API and the user interface.
//! * [`prometheus`]: the Prometheus API; [`scrape`]: targets that are asked for their metrics.
//! * [`dashboards`], [`slos`]: dashboards from files, saved and built in; how objectives stand.
//! * [`telemetry`]: telltale's own metrics and logs.
//!
//! Deliberately absent: anything that stores or plans; that is telltale-storage's and telltale-query's work.

pub mod app;
pub mod artifact;
pub mod board;
pub mod cli;
pub mod config;
pub mod dashboards;
pub mod decode;
mod demo;
pub mod edge;
pub mod expect;
pub mod forward;
pub mod http;
pub mod import;
pub mod issues;
pub mod limits;
pub mod listeners;
pub mod live;
pub(crate) mod observe;
mod pages;
pub mod prometheus;
pub mod quiet;
pub mod receiver;
pub(crate) mod report;
pub mod run;
pub mod runs;
pub mod saved;
pub mod scrape;
mod search;
pub mod security;
pub mod senders;
mod services;
pub mod share;
pub mod slos;
pub mod state;
pub mod telemetry;
pub mod text;
mod whole_file;
