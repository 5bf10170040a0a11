//! From texts to values: addresses, secrets, origins, numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use telltale_storage::{AckMode, Error, RemoteStore, Upload};

use super::{ConfigError, Environment, Raw};
use crate::forward::Target;
use crate::limits::{DISK_MIB_MAX, KEEP_DAYS_MAX, STORE_CACHE_MIB_MIN, TOKEN_BYTES_MIN};

/// A text that never appears in logs, errors or debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text; for comparing and for the login link alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(set)")
    }
}

/// An object store and what of it stays on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// Where it is.
    pub url: String,
    /// Another S3 server than Amazon's.
    pub endpoint: Option<String>,
    /// What is uploaded.
    pub upload: Upload,
    /// Most bytes of its files on the disk.
    pub cache_bytes: u64,
}

impl StoreConfig {
    /// Opens the store; nothing is asked yet.
    ///
    /// # Errors
    /// `Error::StoreUrl` for an address that is none.
    pub fn open(&self) -> Result<RemoteStore, Error> {
        RemoteStore::open(&self.url, self.endpoint.as_deref(), self.upload)
    }
}

/// Where a listener binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// 127.0.0.1 and [::1] with the same port.
    Loopback {
        /// The port; 0 takes one that is free on both.
        port: u16,
    },
    /// One address.
    Address(SocketAddr),
}

impl Bind {
    /// Parses `PORT`, `:PORT`, `localhost:PORT` or `IP:PORT`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::Address(address));
        }
        let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
        match port.parse() {
            Ok(port) => Ok(Self::Loopback { port }),
            Err(_) if text.parse::<IpAddr>().is_ok() || text == "localhost" => Err("the port is missing".to_owned()),
            Err(_) => Err("not an address".to_owned()),
        }
    }

    /// Returns the addresses to bind, the one to show first.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        match *self {
            Self::Loopback { port } => {
                vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
            }
            Self::Address(address) => vec![address],
        }
    }

    /// Says whether only this machine can reach it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.addresses().iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    /// Returns the port, 0 for "any free one".
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Loopback { port } => *port,
            Self::Address(address) => address.port(),
        }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback { port } => write!(f, "localhost:{port}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Understands the texts of one set of settings.
pub(super) struct Reader<'a> {
    /// Every setting's texts, by name.
    pub(super) raw: &'a BTreeMap<&'static str, Raw>,
}

impl Reader<'_> {
    /// The last text of a setting, if it has any; an empty one counts as none.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.raw.get(name)?.texts.last().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The last text of a setting; settings with a default always have one.
    pub(super) fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_default().to_owned()
    }

    /// Every text of a list.
    fn list(&self, name: &str) -> impl Iterator<Item = &String> {
        self.raw.get(name).into_iter().flat_map(|raw| &raw.texts)
    }

    /// Builds the error of a value.
    fn invalid(&self, name: &'static str, value: &str, problem: &str, hint: &str) -> ConfigError {
        let source_of = self.raw.get(name).map_or(super::Source::Default, |raw| raw.source.clone());
        let (value, problem, hint) = (value.to_owned(), problem.to_owned(), hint.to_owned());
        ConfigError::Invalid { setting: name, value, source_of, problem, hint }
    }

    /// Reads `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        let text = self.text(name);
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            _ => Err(self.invalid(name, &text, "neither true nor false", "write true or false")),
        }
    }

    /// Reads a whole number in a range.
    pub(super) fn number(&self, name: &'static str, range: RangeInclusive<u64>) -> Result<u64, ConfigError> {
        let text = self.text(name);
        let hint = || format!("write a whole number from {} to {}", range.start(), range.end());
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            Ok(_) => Err(self.invalid(name, &text, "out of range", &hint())),
            Err(_) => Err(self.invalid(name, &text, "not a whole number", &hint())),
        }
    }

    /// Reads an address.
    pub(super) fn bind(&self, name: &'static str) -> Result<Bind, ConfigError> {
        let text = self.text(name);
        Bind::parse(&text).map_err(|problem| {
            let hint = "write PORT, localhost:PORT, 127.0.0.1:PORT, [::1]:PORT or 0.0.0.0:PORT";
            self.invalid(name, &text, &problem, hint)
        })
    }

    /// Reads a number of days; `None` for 0: for ever.
    pub(super) fn days(&self, name: &'static str) -> Result<Option<Duration>, ConfigError> {
        let days = self.number(name, 0..=KEEP_DAYS_MAX)?;
        Ok((days > 0).then(|| Duration::from_secs(days * 24 * 3_600)))
    }

    /// Reads what an acknowledgement promises.
    pub(super) fn ack(&self, name: &'static str) -> Result<AckMode, ConfigError> {
        let text = self.text(name);
        match text.as_str() {
            "fsync" => Ok(AckMode::Fsync),
            "write" => Ok(AckMode::Write),
            _ => Err(self.invalid(name, &text, "neither fsync nor write", "write fsync or write")),
        }
    }

    /// Reads what is said of the object store.
    pub(super) fn store(&self) -> Result<Option<StoreConfig>, ConfigError> {
        let upload = match self.text("store-upload").as_str() {
            "sealed" => Upload::Sealed,
            "all" => Upload::All,
            text => {
                return Err(self.invalid("store-upload", text, "neither sealed nor all", "write sealed or all"));
            }
        };
        let cache_bytes = self.number("store-cache-mib", STORE_CACHE_MIB_MIN..=DISK_MIB_MAX)? << 20;
        let endpoint = self.optional("store-endpoint").map(ToOwned::to_owned);
        let Some(url) = self.optional("store") else { return Ok(None) };
        Ok(Some(StoreConfig { url: url.to_owned(), endpoint, upload, cache_bytes }))
    }

    /// Reads the token; its value never appears in an error.
    pub(super) fn token(&self, name: &'static str) -> Result<Option<Secret>, ConfigError> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        let hint = "take a long random text of letters, digits and -_.~, such as that of `openssl rand -hex 32`";
        if text.len() < TOKEN_BYTES_MIN {
            let problem = format!("shorter than {TOKEN_BYTES_MIN} characters");
            return Err(self.invalid(name, "(not shown)", &problem, hint));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte)) {
            return Err(self.invalid(name, "(not shown)", "has a character that a header cannot carry", hint));
        }
        Ok(Some(Secret::new(text)))
    }

    /// Reads the base address of another OTLP/HTTP receiver.
    pub(super) fn target(&self, name: &'static str) -> Result<Option<Target>, ConfigError> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        Target::parse(text).map(Some).map_err(|(problem, hint)| self.invalid(name, text, problem, hint))
    }

    /// Reads origins: scheme, host and perhaps a port, nothing else.
    pub(super) fn origins(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let check = |text: &String| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            match host {
                Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ', '@', '?', '#']) => {
                    Ok(text.to_ascii_lowercase())
                }
                _ => Err(self.invalid(
                    name,
                    text,
                    "not an origin",
                    "write scheme, host and port as the browser sends them, such as https://app.example.com:8443",
                )),
            }
        };
        self.list(name).map(check).collect()
    }

    /// Reads host names without a port.
    pub(super) fn hosts(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let check = |text: &String| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[:]".contains(&byte);
            let has_port = !text.starts_with('[') && text.contains(':');
            if text.is_empty() || has_port || !text.bytes().all(fits) {
                return Err(self.invalid(name, text, "not a host name", "write the name alone: telltale.example.com"));
            }
            Ok(text.to_ascii_lowercase())
        };
        self.list(name).map(check).collect()
    }
}

/// Returns `telltale` in the platform's data folder (XDG on Linux, Application Support on macOS, AppData on Windows).
pub(super) fn platform_data_dir(environment: Environment<'_>) -> Result<PathBuf, ConfigError> {
    let set = |name: &str| environment(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG specification ignores relative paths.
        set("XDG_DATA_HOME").filter(|path| path.is_absolute()).or_else(|| Some(set("HOME")?.join(".local/share")))
    };
    base.map(|base| base.join("telltale")).ok_or(ConfigError::NoDataDir)
}
