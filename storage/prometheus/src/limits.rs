//! Every bound of this package, by name.

/// Bytes of a remote write body after decompression. Beyond: refused whole, nothing is allocated.
pub const REMOTE_WRITE_BYTES_MAX: usize = 64 << 20;
/// Samples of one scraped text. Beyond: the scrape fails, as it would with Prometheus's `sample_limit`.
pub const SCRAPE_SAMPLES_MAX: usize = 1_000_000;
/// Labels of one series. Beyond: the series is refused by name.
pub const LABELS_MAX: usize = 512;
/// Bytes of one label's name or value. Beyond: the series is refused by name.
pub const LABEL_BYTES_MAX: usize = 64 << 10;
/// Buckets, gaps included, of one side of a native histogram. Beyond: the histogram is refused by name.
pub const HISTOGRAM_BUCKETS_MAX: usize = 16 << 10;
/// Characters of an exemplar's labels, names and values together: OpenMetrics's own bound.
pub const EXEMPLAR_CHARACTERS_MAX: usize = 128;
/// Reasons that one answer to remote write quotes; the rest is counted.
pub const REASONS_MAX: usize = 5;
