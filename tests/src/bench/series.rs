//! Prometheus series for measurements: scraped services with classic histograms, counters and gauges, every value from a seed.
//!
//! One target has [`SERIES_PER_TARGET`] series: five handlers with a histogram of twelve buckets each, twenty counters, ten gauges
//! of which four never change. Every series has a sample each [`EVERY_MS`], at the target's own offset, as a scraper takes them.

use std::ops::Range;

use telltale_prometheus::Series;

/// Milliseconds between two samples of a series.
pub const EVERY_MS: i64 = 15_000;
/// Series of a target.
pub const SERIES_PER_TARGET: usize = HANDLERS * (BOUNDS.len() + 2) + HANDLERS * CODES.len() + GAUGES;
/// Handlers of a target.
const HANDLERS: usize = 5;
/// Gauges of a target.
const GAUGES: usize = 10;
/// Gauges that never change.
const CONSTANT_GAUGES: usize = 4;
/// Upper bounds of the histograms, in seconds.
const BOUNDS: [&str; 12] =
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"];
/// Codes that are counted.
const CODES: [&str; 4] = ["200", "404", "429", "500"];

/// What the series have counted so far.
#[derive(Debug)]
pub struct Corpus {
    targets: Vec<Vec<f64>>,
    state: u64,
}

impl Corpus {
    /// Returns at least `series` series, in whole targets.
    #[must_use]
    pub fn new(series: usize, seed: u64) -> Self {
        let targets = series.div_ceil(SERIES_PER_TARGET).max(1);
        Self { targets: vec![vec![0.0; SERIES_PER_TARGET]; targets], state: seed | 1 }
    }

    /// Returns how many targets there are.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets.len()
    }

    /// Returns the next `samples` samples of every series of some targets; the first one is taken at `first_ms` and the target's
    /// offset. Calls for a target come in the order of time.
    #[must_use]
    pub fn next(&mut self, targets: Range<usize>, first_ms: i64, samples: usize) -> Vec<Series> {
        let mut out = Vec::with_capacity(targets.len() * SERIES_PER_TARGET);
        for target in targets {
            let begin = out.len();
            let labels =
                (0..SERIES_PER_TARGET).map(|series| Series { labels: labels(target, series), ..Series::default() });
            out.extend(labels);
            // Never the last millisecond: a question that asks then has no sample on the edge of a window.
            let offset = i64::try_from(target).unwrap_or(0) * 37 % (EVERY_MS - 1);
            for sample in 0..samples {
                self.step(target);
                let time = first_ms + offset + i64::try_from(sample).unwrap_or(0) * EVERY_MS;
                for (series, value) in out[begin..].iter_mut().zip(&self.targets[target]) {
                    series.samples.push((time, *value));
                }
            }
        }
        out
    }

    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state >> 33
    }

    /// Lets 15 seconds pass at a target.
    fn step(&mut self, target: usize) {
        let mut values = std::mem::take(&mut self.targets[target]);
        let (histograms, rest) = values.split_at_mut(HANDLERS * (BOUNDS.len() + 2));
        let (counters, gauges) = rest.split_at_mut(HANDLERS * CODES.len());
        for (handler, (histogram, codes)) in
            histograms.chunks_mut(BOUNDS.len() + 2).zip(counters.chunks_mut(CODES.len())).enumerate()
        {
            // Busy handlers and idle ones: up to 300, 60, 12, 2 and none mostly.
            let requests = self.random() % [301, 61, 13, 3, 2][handler];
            for _ in 0..requests {
                // Most are quick: two dice decide on the bucket, the larger the rarer.
                let bucket = (self.random() % 12).min(self.random() % 12) as usize;
                histogram[bucket..BOUNDS.len()].iter_mut().for_each(|count| *count += 1.0);
                histogram[BOUNDS.len()] += (self.random() % 10_000) as f64 * 1e-5;
                histogram[BOUNDS.len() + 1] += 1.0;
                let code = match self.random() % 1_000 {
                    0..=979 => 0,
                    980..=994 => 1,
                    995..=998 => 2,
                    _ => 3,
                };
                codes[code] += 1.0;
            }
        }
        for (number, gauge) in gauges.iter_mut().enumerate() {
            *gauge = match number {
                0..CONSTANT_GAUGES => number as f64,
                // Bytes in pages, and shares of a processor.
                4..7 => (*gauge + ((self.random() % 9) as f64 - 4.0) * 4_096.0).max(64.0 * 4_096.0),
                _ => (self.random() % 10_000) as f64 / 10_000.0,
            };
        }
        self.targets[target] = values;
    }
}

/// Returns the labels of a series, sorted.
fn labels(target: usize, series: usize) -> Vec<(String, String)> {
    let histogram = BOUNDS.len() + 2;
    let counters = HANDLERS * histogram;
    let gauges = counters + HANDLERS * CODES.len();
    let (name, own) = if series < counters {
        let handler = ("handler", format!("/api/v1/handler-{}", series / histogram));
        match series % histogram {
            part if part < BOUNDS.len() => {
                ("http_request_duration_seconds_bucket".to_owned(), vec![handler, ("le", BOUNDS[part].to_owned())])
            }
            part if part == BOUNDS.len() => ("http_request_duration_seconds_sum".to_owned(), vec![handler]),
            _ => ("http_request_duration_seconds_count".to_owned(), vec![handler]),
        }
    } else if series < gauges {
        let (handler, code) = ((series - counters) / CODES.len(), (series - counters) % CODES.len());
        let own = vec![("code", CODES[code].to_owned()), ("handler", format!("/api/v1/handler-{handler}"))];
        ("http_requests_total".to_owned(), own)
    } else {
        (format!("process_gauge_{}", series - gauges), Vec::new())
    };
    let mut labels: Vec<(String, String)> = own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    labels.extend([
        ("__name__".to_owned(), name),
        ("instance".to_owned(), format!("10.{}.{}.{}:9090", target >> 16, target >> 8 & 255, target & 255)),
        ("job".to_owned(), format!("service-{}", target % 20)),
        ("region".to_owned(), ["eu-north", "eu-south", "us-east"][target % 3].to_owned()),
    ]);
    labels.sort();
    labels
}
