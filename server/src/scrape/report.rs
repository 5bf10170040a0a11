//! How scraping goes, target by target, for `GET /api/v1/targets`.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Target, When};

/// The targets with how their last scrapes went.
#[derive(Debug, Default)]
pub struct Scrapes {
    targets: Mutex<Vec<(Target, Last)>>,
}

#[derive(Debug, Default)]
struct Last {
    when: Option<When>,
    error: Option<String>,
}

impl Scrapes {
    /// Says what is scraped.
    pub(super) fn set(&self, targets: &[Target]) {
        *self.targets.lock().unwrap_or_else(PoisonError::into_inner) =
            targets.iter().map(|target| (target.clone(), Last::default())).collect();
    }

    /// Notes one scrape.
    pub(super) fn note(&self, place: usize, when: When, error: Option<String>) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, last)) = targets.get_mut(place) {
            *last = Last { when: Some(when), error };
        }
    }

    /// Returns the targets in the shape of Prometheus's API.
    pub(crate) fn list(&self) -> Vec<Value> {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |(target, last): &(Target, Last)| {
            let own = [("instance".to_owned(), target.instance()), ("job".to_owned(), target.job.clone())];
            let labels: serde_json::Map<String, Value> =
                own.into_iter().chain(target.labels.clone()).map(|(name, value)| (name, value.into())).collect();
            let health = match last {
                Last { when: None, .. } => "unknown",
                Last { error: None, .. } => "up",
                Last { .. } => "down",
            };
            json!({
                "discoveredLabels": { "__address__": target.instance(), "__scheme__": "http", "job": target.job },
                "labels": labels,
                "scrapePool": target.job,
                "scrapeUrl": target.url.as_str(),
                "globalUrl": target.url.as_str(),
                "lastError": last.error.as_deref().unwrap_or_default(),
                "lastScrape": crate::prometheus::rfc3339(last.when.map_or(0, |(now_ms, _)| now_ms)),
                "lastScrapeDuration": last.when.map_or(0.0, |(_, took)| took.as_secs_f64()),
                "health": health,
                "scrapeInterval": format!("{}s", target.interval.as_secs_f64()),
                "scrapeTimeout": format!("{}s", target.timeout.as_secs_f64()),
            })
        };
        targets.iter().map(one).collect()
    }
}
