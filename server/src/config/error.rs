//! Why the settings cannot be used; all of these end the program with exit code 2.

use std::path::PathBuf;

use super::Source;

/// A setting or a configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value that the setting does not take.
    #[error("setting `{setting}`: {problem}: {value:?}, {}\nhint: {hint}", describe(.setting, .source_of))]
    Invalid {
        /// Name of the setting.
        setting: &'static str,
        /// The value as written.
        value: String,
        /// Who wrote it.
        source_of: Source,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        hint: String,
    },
    /// An address that others can reach, and no token.
    #[error(
        "setting `{setting}`: {value} is not a loopback address and no token is set: anybody who reaches it could read and \
         write\nhint: set --token (env TELLTALE_TOKEN) to a long random text, or --insecure to do without"
    )]
    Unprotected {
        /// Name of the setting.
        setting: &'static str,
        /// The address.
        value: String,
    },
    /// The configuration file cannot be read.
    #[error("configuration file {}: {error}\nhint: {hint}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
        /// Who asked for the file.
        hint: String,
    },
    /// The configuration file is not TOML.
    #[error("configuration file {}: {message}\nhint: the file is TOML, one `setting = value` a line", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// The configuration file has a key that no setting has.
    #[error("configuration file {}: no setting is called `{key}`\nhint: {hint}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key as written.
        key: String,
        /// The nearest name, or all of them.
        hint: String,
    },
    /// The configuration file gives a setting another type than it takes.
    #[error("configuration file {}: setting `{key}` takes {expected}, not {got}\nhint: {hint}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The key as written.
        key: String,
        /// What the setting takes.
        expected: &'static str,
        /// What the file has.
        got: &'static str,
        /// An example.
        hint: String,
    },
    /// A rule of redaction that cannot be used.
    #[error(
        "configuration file {}, line {line}, column {column}: {message}\nhint: `[redact]` takes defaults, without, keep, and \
         `[[redact.rule]]` with name and keys or pattern",
        path.display()
    )]
    BadRedaction {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A fact of the configuration file that cannot be understood.
    #[error(
        "configuration file {}, line {line}, column {column}: {message}\nhint: a fact is a table `[[fact]]` with label and \
         keys, and if need be where, pick (all, first, last, most, root), redact, view (text, sql, plan, json, code)",
        path.display()
    )]
    BadFact {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// An objective of the configuration file that cannot be.
    #[error(
        "configuration file {}, line {line}, column {column}: {message}\nhint: an objective is a table `[[slo]]` with name, \
         objective and either spans or good and total, and if need be title, service, window",
        path.display()
    )]
    BadSlo {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A target of the configuration file that cannot be scraped.
    #[error(
        "configuration file {}, [[scrape]] number {number}: {message}\nhint: a target is a table `[[scrape]]` with url, and if \
         need be interval, timeout, job, labels, honor_labels",
        path.display()
    )]
    BadScrape {
        /// The file.
        path: PathBuf,
        /// Which of the targets, counted from 1.
        number: usize,
        /// What is wrong, with what to write.
        message: String,
    },
    /// Neither a data folder was set nor does the platform name one.
    #[error("setting `data-dir`: the environment names no home folder\nhint: set --data-dir, or --ephemeral")]
    NoDataDir,
}

/// Says where a value came from, with the name that it has there.
fn describe(setting: &str, source: &Source) -> String {
    match source {
        Source::Flag => format!("from the flag --{setting}"),
        Source::Environment => format!("from the environment variable {}", super::setting::env_name(setting)),
        Source::File(path) => format!("from `{}` in {}", setting.replace('-', "_"), path.display()),
        Source::Default => "from the default".to_owned(),
    }
}
