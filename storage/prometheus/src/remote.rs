//! Remote write: bodies of versions 1.0 and 2.0 to series.
//!
//! Both are snappy blocks of protobuf. Version 1 sends every text where it stands, version 2 once in a table. A body that is
//! not understood is refused whole (400: sending it again helps nobody); a series that cannot be kept is named and the others
//! are kept.

use prost::Message;

use crate::limits::REMOTE_WRITE_BYTES_MAX;
use crate::series::{Exemplar, FamilyType, Metadata, Series, SeriesError};

mod histogram;
mod messages;

pub use messages::{v1, v2};

/// Which version a body is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`
    One,
    /// `io.prometheus.write.v2.Request`
    Two,
}

impl Version {
    /// Returns the version of a `Content-Type`; `None` for one that is neither.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("application/x-protobuf") {
            return None;
        }
        match parts.find_map(|part| part.strip_prefix("proto=")) {
            None | Some("prometheus.WriteRequest") => Some(Self::One),
            Some("io.prometheus.write.v2.Request") => Some(Self::Two),
            Some(_) => None,
        }
    }
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Write {
    /// Series that can be kept.
    pub series: Vec<Series>,
    /// What version 1 says about families, apart from any series.
    pub metadata: Vec<Metadata>,
    /// Series and histograms that cannot be kept, and why.
    pub refused: Vec<SeriesError>,
}

/// Why a body is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Not a snappy block.
    #[error("the body is not a snappy block: {0}; remote write sends Content-Encoding: snappy")]
    Snappy(String),
    /// Larger than the bound.
    #[error("the body has {bytes} bytes after decompression, more than {REMOTE_WRITE_BYTES_MAX}; send smaller batches")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not the message.
    #[error("the body is not a {message}: {what}")]
    Protobuf {
        /// The message that was expected.
        message: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A reference into the table of texts that leads nowhere.
    #[error("a reference {reference} into {symbols} symbols")]
    Symbol {
        /// The reference.
        reference: u32,
        /// How many there are.
        symbols: usize,
    },
}

/// Returns the size that a compressed body says it has, when that is within the bound.
///
/// # Errors
/// [`WriteError::Snappy`] and [`WriteError::TooLarge`].
pub fn claimed_bytes(body: &[u8]) -> Result<usize, WriteError> {
    let bytes = snap::raw::decompress_len(body).map_err(|error| WriteError::Snappy(error.to_string()))?;
    if bytes > REMOTE_WRITE_BYTES_MAX { Err(WriteError::TooLarge { bytes }) } else { Ok(bytes) }
}

/// Decompresses a body within the bound.
///
/// # Errors
/// [`WriteError::Snappy`] and [`WriteError::TooLarge`].
pub fn decompress(body: &[u8]) -> Result<Vec<u8>, WriteError> {
    claimed_bytes(body)?;
    snap::raw::Decoder::new().decompress_vec(body).map_err(|error| WriteError::Snappy(error.to_string()))
}

/// Reads a decompressed body.
///
/// # Errors
/// [`WriteError::Protobuf`] and [`WriteError::Symbol`].
pub fn read(version: Version, body: &[u8]) -> Result<Write, WriteError> {
    match version {
        Version::One => read_v1(body),
        Version::Two => read_v2(body),
    }
}

fn read_v1(body: &[u8]) -> Result<Write, WriteError> {
    let request = v1::WriteRequest::decode(body)
        .map_err(|error| WriteError::Protobuf { message: "prometheus.WriteRequest", what: error.to_string() })?;
    let mut write = Write::default();
    for metadata in request.metadata {
        let kind = FamilyType::from_number(metadata.kind);
        let v1::MetricMetadata { family, help, unit, .. } = metadata;
        write.metadata.push(Metadata { family, kind, help, unit });
    }
    for series in request.timeseries {
        let labels = |labels: Vec<v1::Label>| labels.into_iter().map(|label| (label.name, label.value)).collect();
        let exemplars = series.exemplars.into_iter().map(|exemplar| Exemplar {
            labels: labels(exemplar.labels),
            value: exemplar.value,
            timestamp_ms: exemplar.timestamp,
        });
        let exemplars = exemplars.collect();
        let (samples, histograms) = (series.samples, series.histograms);
        let series = Series {
            labels: labels(series.labels),
            samples: samples.into_iter().map(|sample| (sample.timestamp, sample.value)).collect(),
            exemplars,
            ..Series::default()
        };
        write.add(series, histograms);
    }
    Ok(write)
}

fn read_v2(body: &[u8]) -> Result<Write, WriteError> {
    let request = v2::Request::decode(body)
        .map_err(|error| WriteError::Protobuf { message: "io.prometheus.write.v2.Request", what: error.to_string() })?;
    let symbols = request.symbols;
    let text = |reference: u32| {
        let found = usize::try_from(reference).ok().and_then(|place| symbols.get(place));
        found.cloned().ok_or(WriteError::Symbol { reference, symbols: symbols.len() })
    };
    let labels = |references: &[u32]| {
        let pairs = references.chunks(2).map(|pair| match pair {
            [name, value] => Ok((text(*name)?, text(*value)?)),
            _ => Err(WriteError::Protobuf { message: "list of labels", what: "a name without a value".to_owned() }),
        });
        pairs.collect::<Result<Vec<_>, _>>()
    };
    let mut write = Write::default();
    for series in request.timeseries {
        let labels_of_series = labels(&series.labels_refs)?;
        let exemplars = series.exemplars.iter().map(|exemplar| {
            let (value, timestamp_ms) = (exemplar.value, exemplar.timestamp);
            Ok(Exemplar { labels: labels(&exemplar.labels_refs)?, value, timestamp_ms })
        });
        let exemplars = exemplars.collect::<Result<_, WriteError>>()?;
        let metadata = series.metadata.map(|metadata| {
            let kind = FamilyType::from_number(metadata.kind);
            Ok(Metadata { family: String::new(), kind, help: text(metadata.help_ref)?, unit: text(metadata.unit_ref)? })
        });
        let start = series.samples.first().map_or(0, |sample| sample.start_timestamp);
        let start = if start == 0 { series.created_timestamp } else { start };
        let samples = series.samples.into_iter().map(|sample| (sample.timestamp, sample.value));
        let mut out = Series {
            labels: labels_of_series,
            samples: samples.collect(),
            exemplars,
            start_ms: (start > 0).then_some(start),
            ..Series::default()
        };
        out.metadata = metadata.transpose()?.map(|metadata| Metadata { family: out.name().to_owned(), ..metadata });
        write.add(out, series.histograms);
    }
    Ok(write)
}

impl Write {
    /// Takes a series in, without what cannot be kept of it.
    fn add(&mut self, mut series: Series, histograms: Vec<messages::Histogram>) {
        for histogram in histograms {
            match histogram::read(&histogram) {
                Ok(histogram) => series.histograms.push(histogram),
                Err(what) => {
                    let metric = series.name().to_owned();
                    self.refused.push(SeriesError::Histogram { metric, what });
                }
            }
        }
        if series.samples.is_empty() && series.histograms.is_empty() && series.exemplars.is_empty() {
            return;
        }
        match series.checked() {
            Ok(series) => self.series.push(series),
            Err(error) => self.refused.push(error),
        }
    }

    /// Counts samples, native histograms and exemplars: what version 2 answers in its headers.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let sum = |count: fn(&Series) -> usize| self.series.iter().map(count).sum();
        (
            sum(|series| series.samples.len()),
            sum(|series| series.histograms.len()),
            sum(|series| series.exemplars.len()),
        )
    }
}

#[cfg(test)]
mod tests;
