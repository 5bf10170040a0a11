//! What Prometheus sends: scraped texts and remote writes of any bytes. No panic, and what comes out is OTLP that decodes.

use bytes::Bytes;
use prost::Message as _;
use telltale_model::{SignalKind, UnixNanos};
use telltale_prometheus::remote::{self, Version};
use telltale_prometheus::text::{self, Format};
use telltale_prometheus::{Series, otlp};
use telltale_storage::decode;

/// Bytes that a remote write may claim to have after decompression here.
const CLAIMED_BYTES_MAX: usize = 1 << 20;

/// The property.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let found: Vec<Series> = match choice % 4 {
        0 | 1 => {
            let format = if choice % 4 == 0 { Format::Text } else { Format::OpenMetrics };
            let Ok(scrape) = text::parse(format, &String::from_utf8_lossy(body), 1_700_000_000_000) else { return };
            scrape.series
        }
        kind => {
            let version = if kind == 2 { Version::One } else { Version::Two };
            let claimed = remote::claimed_bytes(body);
            let unpacked = if claimed.is_ok_and(|bytes| bytes <= CLAIMED_BYTES_MAX) {
                remote::decompress(body).ok()
            } else {
                None
            };
            let Ok(write) = remote::read(version, unpacked.as_deref().unwrap_or(body)) else { return };
            write.series
        }
    };
    let checked = found.into_iter().filter_map(|series| series.checked().ok()).collect();
    let request = Bytes::from(otlp::request(checked).encode_to_vec());
    decode::decode(SignalKind::Metrics, &request, UnixNanos(1_700_000_000_000_000_000)).expect("what we made decodes");
}
