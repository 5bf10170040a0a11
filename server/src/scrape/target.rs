//! One `[[scrape]]` of the configuration file.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

use crate::limits::SCRAPE_INTERVAL_MIN;

/// What is scraped, how often, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the text is.
    pub url: Url,
    /// Between the starts of two scrapes.
    pub interval: Duration,
    /// How long one may take.
    pub timeout: Duration,
    /// Label `job`.
    pub job: String,
    /// Further labels of every series.
    pub labels: BTreeMap<String, String>,
    /// Whether the target's own labels come before `job`, `instance` and `labels`; otherwise they are kept as `exported_…`.
    pub honor_labels: bool,
}

/// The same as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    url: String,
    interval: Option<String>,
    timeout: Option<String>,
    job: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    honor_labels: bool,
}

/// The interval where none is written.
const INTERVAL: Duration = Duration::from_secs(15);
/// The longest time of a scrape where none is written; the interval when that is shorter.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Target {
    /// Understands what is written.
    ///
    /// # Errors
    /// What is wrong, with what to write.
    pub fn understand(written: Written) -> Result<Self, String> {
        let url = Url::parse(&written.url)
            .map_err(|error| format!("url {:?}: {error}; write http://HOST:PORT/metrics", written.url))?;
        if url.scheme() != "http" || url.host_str().is_none() {
            return Err(format!("url {:?}: only http://HOST:PORT/PATH can be scraped", written.url));
        }
        let duration = |name: &str, text: Option<String>, default: Duration| match text {
            None => Ok(default),
            Some(text) => {
                duration(&text).ok_or_else(|| format!("{name} {text:?}: write a duration such as 500ms, 15s or 1m"))
            }
        };
        let interval = duration("interval", written.interval, INTERVAL)?;
        if interval < SCRAPE_INTERVAL_MIN {
            return Err(format!("interval: the shortest is {} s", SCRAPE_INTERVAL_MIN.as_secs()));
        }
        let timeout = duration("timeout", written.timeout, TIMEOUT.min(interval))?;
        if timeout > interval || timeout.is_zero() {
            return Err("timeout: write one that is not longer than the interval".to_owned());
        }
        if let Some(name) = written.labels.keys().find(|name| name.starts_with("__") || name.is_empty()) {
            return Err(format!("labels: {name:?} is reserved"));
        }
        let job = written.job.unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned());
        Ok(Self { url, interval, timeout, job, labels: written.labels, honor_labels: written.honor_labels })
    }

    /// Returns the label `instance`: host and port.
    #[must_use]
    pub fn instance(&self) -> String {
        let port = self.url.port_or_known_default().unwrap_or(80);
        format!("{}:{port}", self.url.host_str().unwrap_or_default())
    }
}

fn duration(text: &str) -> Option<Duration> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let of_unit = |(unit, each): (&str, u64)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(each);
    units.into_iter().find_map(of_unit).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Target, String> {
        toml::from_str::<Written>(text).map_err(|error| error.message().to_owned()).and_then(Target::understand)
    }

    #[test]
    fn a_url_is_enough() {
        let target = read("url = \"http://localhost:9100/metrics\"").unwrap();
        assert_eq!((target.interval, target.timeout), (Duration::from_secs(15), Duration::from_secs(10)));
        assert_eq!((target.job.as_str(), target.instance().as_str()), ("localhost", "localhost:9100"));
        let fast = read("url = \"http://[::1]/m\"\ninterval = \"5s\"\njob = \"j\"").unwrap();
        assert_eq!((fast.timeout, fast.instance().as_str()), (Duration::from_secs(5), "[::1]:80"));
    }

    #[test]
    fn what_cannot_be_scraped_is_said() {
        for (text, part) in [
            ("url = \"localhost:9100\"", "only http://"),
            ("url = \"https://example.org/\"", "only http://"),
            ("url = \"http://a/\"\ninterval = \"10\"", "such as 500ms"),
            ("url = \"http://a/\"\ninterval = \"500ms\"", "the shortest is 1 s"),
            ("url = \"http://a/\"\ninterval = \"5s\"\ntimeout = \"6s\"", "not longer than the interval"),
            ("url = \"http://a/\"\nlabels = { __x = \"1\" }", "reserved"),
            ("url = \"http://a/\"\nlable = 1", "unknown field"),
            ("job = \"x\"", "missing field"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
