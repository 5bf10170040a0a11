//! `GET /api/senders`: who sends, how, how much, and what of it was refused or odd.

use serde::{Deserialize, Serialize};

use crate::Nanos;
use crate::issue::IssueView;

/// Everybody who sent something since the server started, as far as remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct SenderList {
    /// One entry a (peer, protocol, user agent), the one seen last first.
    pub senders: Vec<SenderView>,
    /// Senders that were forgotten because the list is full: those not seen for longest.
    pub forgotten: u64,
    /// How many the list holds.
    pub limit: u64,
    /// Issues of senders that are not in the list, newest first.
    pub others: Vec<IssueView>,
}

/// One sender. Its numbers are since it was first seen or remembered anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct SenderView {
    /// Address without the port; the target's address where we scrape.
    pub peer: String,
    /// `grpc`, `http/protobuf`, `http/json`, `remote_write`, `scrape` or `import`.
    pub protocol: String,
    /// How its last request was compressed: `none`, `gzip`, `zstd`, `deflate`, `snappy`, or `unknown`.
    pub compression: String,
    /// `User-Agent` of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What its resources say of SDKs, in order of name, language and version.
    pub sdks: Vec<SdkView>,
    /// `service.name` of its resources, in order.
    pub services: Vec<String>,
    /// Whether a resource had no `service.name`.
    pub has_unnamed: bool,
    /// Sightings of services and SDKs that are not listed, because the lists are full.
    #[serde(default)]
    pub names_left_out: u64,
    /// Requests that were stored, wholly or in part.
    pub requests: u64,
    /// Requests of which nothing was stored.
    pub refused_requests: u64,
    /// Spans that were stored.
    pub spans: u64,
    /// Log records that were stored.
    pub logs: u64,
    /// Data points that were stored.
    pub points: u64,
    /// Items that were not stored though their request was.
    pub rejected_items: u64,
    /// Bytes of stored requests, after decompression.
    pub bytes: u64,
    /// Items stored a second, over the last ten seconds.
    pub items_per_second: f64,
    /// First time seen.
    pub first_unix_nano: Nanos,
    /// Last time seen.
    pub last_unix_nano: Nanos,
    /// The newest refusal or rejection; none when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<SenderError>,
    /// What of it was refused, changed or odd, newest first.
    pub issues: Vec<IssueView>,
}

/// An SDK, from `telemetry.sdk.*` of a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct SdkView {
    /// `telemetry.sdk.name`, or empty.
    pub name: String,
    /// `telemetry.sdk.language`, or empty.
    pub language: String,
    /// `telemetry.sdk.version`, or empty.
    pub version: String,
}

/// Why something was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderError {
    /// The code, as in `/api/issues`.
    pub code: String,
    /// What was wrong, on which value.
    pub message: String,
    /// What the sender can do.
    pub hint: String,
    /// When.
    pub at_unix_nano: Nanos,
}
