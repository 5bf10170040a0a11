//! What one scrape adds: the target's samples with its labels, markers for series that are gone, and the made-up series.

use telltale_prometheus::series::STALE_BITS;
use telltale_prometheus::{FamilyType, Metadata};

use super::{Present, Scrape, Series, Target, When};

/// Returns everything to store of one scrape, and notes which series there are now.
pub(super) fn all(
    target: &Target,
    scraped: Result<Scrape, String>,
    present: &mut Present,
    (now_ms, took): When,
) -> Vec<Series> {
    let is_up = scraped.is_ok();
    let mut now_present = Present::new();
    let mut out = Vec::new();
    let mut scraped_count = 0;
    for mut series in scraped.map(|scrape| scrape.series).unwrap_or_default() {
        scraped_count += 1;
        label(target, &mut series);
        // The first of two equal samples counts, as with Prometheus. A sample with a time of its own never ends by vanishing.
        let has_own_time = series.samples.first().is_some_and(|(time, _)| *time != now_ms);
        if has_own_time || now_present.insert(series.labels.clone()) {
            out.push(series);
        }
    }
    let added = now_present.difference(present).count();
    let stale = f64::from_bits(STALE_BITS);
    for labels in present.difference(&now_present) {
        out.push(Series { labels: labels.clone(), samples: vec![(now_ms, stale)], ..Series::default() });
    }
    let stored =
        out.iter().filter(|series| series.samples.iter().all(|(_, value)| value.to_bits() != STALE_BITS)).count();
    *present = now_present;
    let made_up = [
        ("up", f64::from(u8::from(is_up)), "Whether the last scrape worked"),
        ("scrape_duration_seconds", took.as_secs_f64(), "How long the scrape took"),
        ("scrape_samples_scraped", f64::from(scraped_count), "Samples that the target exposed"),
        ("scrape_samples_post_metric_relabeling", stored as f64, "Samples that were stored"),
        ("scrape_series_added", added as f64, "Series that were not there at the scrape before"),
    ];
    out.extend(made_up.into_iter().map(|(name, value, help)| {
        let metadata =
            Metadata { family: name.into(), kind: FamilyType::Gauge, help: help.into(), unit: String::new() };
        let labels = vec![("__name__".to_owned(), name.to_owned())];
        let mut series =
            Series { labels, samples: vec![(now_ms, value)], metadata: Some(metadata), ..Series::default() };
        label(target, &mut series);
        series
    }));
    out
}

/// Adds the target's labels; where the series has the same one, both are kept or the series' own holds.
fn label(target: &Target, series: &mut Series) {
    let own = [("job".to_owned(), target.job.clone()), ("instance".to_owned(), target.instance())];
    let given = own.into_iter().chain(target.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
    for (name, value) in given {
        let taken = series.labels.iter().position(|(label, _)| *label == name);
        match taken {
            Some(_) if target.honor_labels => continue,
            Some(place) => {
                let exported = free_name(series, &name);
                if let Some((label, _)) = series.labels.get_mut(place) {
                    *label = exported;
                }
            }
            None => {}
        }
        series.labels.push((name, value));
    }
    series.labels.sort();
}

fn free_name(series: &Series, name: &str) -> String {
    let mut exported = format!("exported_{name}");
    while series.labels.iter().any(|(label, _)| *label == exported) {
        exported = format!("exported_{exported}");
    }
    exported
}
