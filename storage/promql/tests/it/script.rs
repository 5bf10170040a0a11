//! The language of Prometheus's test scripts: `load`, `eval`, `expect`, `clear`.

pub(crate) mod check;
pub(crate) mod command;
pub(crate) mod load;
pub(crate) mod notation;
pub(crate) mod run;
