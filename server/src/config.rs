//! The settings of `telltale serve`: each is defined once, in [`setting::SETTINGS`], and has three names.
//!
//! Precedence: flag, then environment, then file, then default. The file is `--config`, else `telltale.toml` in the
//! working directory when it is there. Every error names the setting, the value and where it came from. Settings of
//! other commands are not here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use telltale_dashboards::slo::Objective;
use telltale_share::redact::Rules;
use telltale_storage::{AckMode, Retention};
use telltale_story::story::FactConfig;

pub mod error;
pub mod file;
pub mod setting;
pub mod value;

pub use error::ConfigError;
pub use setting::{Flags, Setting};
pub use value::{Bind, Secret, StoreConfig};

use crate::forward::Target;
use crate::limits;
use crate::scrape;

/// Where a value came from, strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A command-line flag.
    Flag,
    /// An environment variable.
    Environment,
    /// A configuration file.
    File(PathBuf),
    /// The built-in default.
    Default,
}

/// A value before it is understood; lists have one text an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The texts as written.
    pub texts: Vec<String>,
    /// Who wrote them.
    pub source: Source,
}

/// The settings that a server runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// User interface and API.
    pub listen: Bind,
    /// OTLP, gRPC first.
    pub otlp_grpc: Bind,
    /// OTLP, HTTP first.
    pub otlp_http: Bind,
    /// Where data lives; `None` asks for a temporary folder that is removed at exit.
    pub data_dir: Option<PathBuf>,
    /// What has to hold before a request is acknowledged.
    pub ack: AckMode,
    /// How long data is kept. Without a number of bytes, the disk of the data folder decides.
    pub retention: Retention,
    /// Whether somebody said how many bytes are kept, be it without limit.
    pub is_size_set: bool,
    /// Free bytes on the disk below which appends are refused.
    pub free_bytes_min: u64,
    /// The object store that data moves to, when one is named.
    pub store: Option<StoreConfig>,
    /// What every request has to carry, when set.
    pub token: Option<Secret>,
    /// Whether addresses that are not loopback may go without a token.
    pub insecure: bool,
    /// Origins, beyond loopback, whose pages may send OTLP.
    pub cors_origins: Vec<String>,
    /// Host names, beyond loopback, under which the user interface is asked for.
    pub public_hosts: Vec<String>,
    /// Largest export request after decompression, in bytes.
    pub max_request_bytes: usize,
    /// Another OTLP/HTTP receiver that gets every acknowledged request too.
    pub forward: Option<Target>,
    /// Whether nothing may be changed: an artifact is looked at. Not a setting.
    pub read_only: bool,
    /// The signals file of the board, as it was named.
    pub signals: String,
    /// Which log lines are written, in `tracing`'s filter syntax.
    pub log: String,
    /// The facts of the answer card: the defaults with the file's own.
    pub facts: FactConfig,
    /// The folder of dashboards, when one is named.
    pub dashboards: Option<PathBuf>,
    /// The objectives; only the file has them.
    pub slos: Vec<Objective>,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// What is scraped; only the file names targets.
    pub scrapes: Vec<scrape::Target>,
    /// What sharing redacts.
    pub redact: Rules,
}

/// Reads an environment variable; a function so that tests need no process-wide state.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Finds every setting's value and understands it.
    ///
    /// # Errors
    /// The first setting that cannot be understood, or a configuration file that cannot be read or has unknown keys.
    pub fn load(flags: &Flags, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let file = file::read(config_path(flags, environment).as_ref())?;
        let mut raw = BTreeMap::new();
        for setting in setting::SETTINGS {
            raw.insert(setting.name, find(setting, flags, environment, &file));
        }
        let (facts, scrapes, redact) = (FactConfig::with_team(file.facts), file.scrapes, file.redact);
        let (slos, path) = (file.slos, Some(file.path).filter(|path| !path.as_os_str().is_empty()));
        Ok(Self { facts, scrapes, redact, slos, file: path, ..Self::understand(&raw, environment)? })
    }

    /// Turns texts into values.
    fn understand(raw: &BTreeMap<&'static str, Raw>, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let read = value::Reader { raw };
        let max_request_mib = read.number("max-request-mib", 1..=limits::REQUEST_MIB_MAX)?;
        let keep_mib = match read.optional("keep-mib") {
            Some(_) => Some(read.number("keep-mib", 0..=limits::DISK_MIB_MAX)?),
            None => None,
        };
        let data_dir = match read.flag("ephemeral")? {
            true => None,
            false => Some(match read.optional("data-dir") {
                Some(text) => PathBuf::from(text),
                None => value::platform_data_dir(environment)?,
            }),
        };
        let config = Self {
            listen: read.bind("listen")?,
            otlp_grpc: read.bind("otlp-grpc")?,
            otlp_http: read.bind("otlp-http")?,
            data_dir,
            ack: read.ack("ack")?,
            retention: Retention {
                traces: read.days("keep-traces-days")?,
                logs: read.days("keep-logs-days")?,
                metrics: read.days("keep-metrics-days")?,
                bytes_max: keep_mib.filter(|mib| *mib > 0).map(|mib| mib << 20),
            },
            is_size_set: keep_mib.is_some(),
            free_bytes_min: read.number("min-free-mib", 0..=limits::DISK_MIB_MAX)? << 20,
            store: read.store()?,
            token: read.token("token")?,
            insecure: read.flag("insecure")?,
            cors_origins: read.origins("cors-origin")?,
            public_hosts: read.hosts("public-host")?,
            max_request_bytes: usize::try_from(max_request_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024),
            forward: read.target("forward")?,
            read_only: false,
            signals: read.text("signals"),
            log: read.text("log"),
            facts: FactConfig::default(),
            dashboards: read.optional("dashboards").map(PathBuf::from),
            slos: Vec::new(),
            file: None,
            scrapes: Vec::new(),
            redact: Rules::default(),
        };
        config.check_access()?;
        Ok(config)
    }

    /// Refuses an address that others can reach without a token.
    fn check_access(&self) -> Result<(), ConfigError> {
        if self.token.is_some() || self.insecure {
            return Ok(());
        }
        for (setting, bind) in
            [("listen", &self.listen), ("otlp-grpc", &self.otlp_grpc), ("otlp-http", &self.otlp_http)]
        {
            if !bind.is_loopback() {
                return Err(ConfigError::Unprotected { setting, value: bind.to_string() });
            }
        }
        Ok(())
    }
}

/// Says which file was asked for and by whom; the flag is stronger than the environment.
fn config_path(flags: &Flags, environment: Environment<'_>) -> Option<(PathBuf, Source)> {
    let flag = flags.get("config").and_then(|texts| texts.last()).map(|text| (PathBuf::from(text), Source::Flag));
    flag.or_else(|| {
        let text = environment("TELLTALE_CONFIG").filter(|text| !text.is_empty())?;
        Some((PathBuf::from(text), Source::Environment))
    })
}

/// Finds the strongest source of one setting. An empty environment variable counts as unset, as Compose files make them.
fn find(setting: &Setting, flags: &Flags, environment: Environment<'_>, file: &file::Values) -> Raw {
    if let Some(texts) = flags.get(setting.name) {
        return Raw { texts: texts.clone(), source: Source::Flag };
    }
    if let Some(text) = environment(&setting.env()).filter(|text| !text.is_empty()) {
        return Raw { texts: setting.split(&text), source: Source::Environment };
    }
    if let Some(texts) = file.values.get(setting.name) {
        return Raw { texts: texts.clone(), source: Source::File(file.path.clone()) };
    }
    Raw { texts: setting.default.iter().map(|text| (*text).to_owned()).collect(), source: Source::Default }
}

#[cfg(test)]
mod tests;
