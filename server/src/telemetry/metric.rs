//! The list of metrics.

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A histogram of durations.
    Durations,
}

macro_rules! metrics {
    ($($variant:ident, $kind:ident, $name:literal, $unit:literal, [$($label:literal),*], $help:literal;)*) => {
        /// A metric. The documentation of a variant is its help text in `/metrics`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $(#[doc = $help] $variant,)* }

        impl Metric {
            /// Every metric.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the kind of number.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// Returns the OpenTelemetry name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the unit in UCUM, as OpenTelemetry writes it.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }

            /// Returns the names of the labels.
            #[must_use]
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($label),*],)* }
            }

            /// Returns one sentence that says what is counted.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

metrics! {
    IngestRequests, Counter, "telltale.ingest.requests", "{request}", ["signal", "protocol", "outcome"],
        "OTLP export requests, by outcome: accepted, partial or the reason of the refusal";
    IngestItems, Counter, "telltale.ingest.items", "{item}", ["signal"],
        "Spans, log records and data points acknowledged";
    IngestRejectedItems, Counter, "telltale.ingest.rejected_items", "{item}", ["signal", "reason"],
        "Items that were not stored though their request was, by reason";
    IngestIssues, Counter, "telltale.ingest.issues", "{item}", ["outcome", "code"],
        "Items that were rejected, repaired or odd, by code as in /api/issues";
    IngestBytes, Counter, "telltale.ingest.bytes", "By", ["signal"],
        "Bytes of acknowledged requests after decompression";
    IngestDuration, Durations, "telltale.ingest.duration", "s", ["protocol"],
        "From the head of an export request to its acknowledgement";
    IngestRate, Gauge, "telltale.ingest.rate", "{item}/s", [],
        "Items acknowledged a second, over the last ten seconds";
    IngestSenders, Gauge, "telltale.ingest.senders", "{sender}", [],
        "Senders that are remembered, as in /api/senders";
    IngestSendersForgotten, Counter, "telltale.ingest.senders.forgotten", "{sender}", [],
        "Senders that were forgotten because the list is full";
    AdmissionUsed, Gauge, "telltale.admission.used", "By", [],
        "Memory given to requests that are being read and decoded";
    AdmissionLimit, Gauge, "telltale.admission.limit", "By", [],
        "Memory that such requests may have together";
    AdmissionWaiting, Gauge, "telltale.admission.waiting", "{request}", [],
        "Requests that wait for memory or for start-up";
    AdmissionHeld, Counter, "telltale.admission.held", "{request}", [],
        "Requests that had to wait for memory or for start-up";
    AdmissionRefused, Counter, "telltale.admission.refused", "{request}", [],
        "Requests that were refused after waiting";
    ConnectionsOpen, Gauge, "telltale.connections.open", "{connection}", [],
        "Open connections";
    ConnectionsAccepted, Counter, "telltale.connections.accepted", "{connection}", ["listener"],
        "Connections accepted";
    ConnectionsRefused, Counter, "telltale.connections.refused", "{connection}", ["listener"],
        "Connections closed at once because there were too many";
    ConnectionsClosed, Counter, "telltale.connections.closed", "{connection}", ["listener", "reason"],
        "Connections that ended, by reason";
    HttpRequests, Counter, "telltale.http.requests", "{request}", ["listener", "status"],
        "Requests other than OTLP, by class of the answer";
    HttpDuration, Durations, "telltale.http.duration", "s", [],
        "From the head of a request other than OTLP to the head of its answer";
    AccessRefused, Counter, "telltale.access.refused", "{request}", ["reason"],
        "Requests refused by an access rule: host, origin or token";
    QueryDuration, Durations, "telltale.query.duration", "s", ["kind"],
        "Time of queries, by kind";
    QueryFailures, Counter, "telltale.query.failures", "{query}", ["kind"],
        "Queries that failed, by kind";
    QuietTraces, Counter, "telltale.quiet.traces", "{trace}", ["outcome"],
        "Traces that became quiet: looked at as a whole, or left out because there were too many or it was too large";
    ForwardRequests, Counter, "telltale.forward.requests", "{request}", ["signal", "outcome"],
        "Acknowledged requests for the other back end: sent, retried, refused for good or dropped";
    ForwardQueued, Gauge, "telltale.forward.queued", "By", [],
        "Bytes of acknowledged requests that wait to be forwarded";
    ExpectWaiting, Gauge, "telltale.expect.waiting", "{request}", [],
        "Requests that wait for something to arrive";
    ExpectWaits, Counter, "telltale.expect.waits", "{request}", ["end"],
        "Requests that waited for something to arrive, by how that ended: met, broken, quiet, timeout";
    ExpectVerdicts, Counter, "telltale.expect.verdicts", "{verdict}", ["outcome"],
        "Rules about telemetry that were judged, by outcome";
    ExpectDuration, Durations, "telltale.expect.duration", "s", [],
        "Time of one judgement of a signals file, reading included";
    ImportFiles, Counter, "telltale.import.files", "{file}", ["outcome"],
        "Files opened, by outcome: whole, with faults, or nothing";
    ImportFaults, Counter, "telltale.import.faults", "{fault}", [],
        "Records and entries of files that could not be read or stored";
    ImportDuration, Durations, "telltale.import.duration", "s", [],
        "Time from a file's first byte to its last stored record";
    Scrapes, Counter, "telltale.scrapes", "{scrape}", ["outcome"],
        "Scrapes of the targets in the configuration file";
    ScrapeDuration, Durations, "telltale.scrape.duration", "s", [],
        "Time of scrapes, reading the text included";
    DashboardOpens, Counter, "telltale.dashboard.opens", "{dashboard}", ["format", "outcome"],
        "Dashboards that were opened from a text, by format and outcome: whole, with_notes (something is not shown), failed";
    DashboardSaves, Counter, "telltale.dashboard.saves", "{dashboard}", [],
        "Dashboards that were saved in the data folder";
    ShareFiles, Counter, "telltale.share.files", "{file}", ["form"],
        "Redacted traces that were handed out as files, by form";
    ShareOpens, Counter, "telltale.share.opens", "{request}", ["outcome"],
        "Requests to shared links: opened, unknown (also ended and revoked), gone (no such trace any more), busy";
    ShareRedacted, Counter, "telltale.share.redacted", "{value}", [],
        "Values that redaction replaced on the way out";
    LiveReaders, Gauge, "telltale.live.readers", "{reader}", [],
        "Readers of the live stream";
    LiveEvents, Counter, "telltale.live.events", "{event}", [],
        "Events made for the live stream, whether or not anybody listens";
    LiveRows, Counter, "telltale.live.rows", "{row}", ["outcome"],
        "Rows for live readers that filter: sent, left out of a burst, or missed by a slow reader";
    Panics, Counter, "telltale.panics", "{panic}", [],
        "Bugs: tasks that panicked";
    StoreRows, Gauge, "telltale.store.rows", "{row}", ["table", "place"],
        "Rows, in memory and in segments";
    StoreSegments, Gauge, "telltale.store.segments", "{segment}", ["table"],
        "Segments on disk";
    StoreSegmentBytes, Gauge, "telltale.store.segment.bytes", "By", ["table"],
        "Bytes of segments on disk";
    StoreDiskBytes, Gauge, "telltale.store.disk.bytes", "By", [],
        "Bytes of segments and write-ahead log on disk";
    StoreFreeBytes, Gauge, "telltale.store.free.bytes", "By", [],
        "Bytes free on the disk of the data folder";
    StoreHealthy, Gauge, "telltale.store.healthy", "1", ["problem"],
        "1 when the store has not this problem, 0 when it has";
    StoreQuarantined, Gauge, "telltale.store.quarantined", "{file}", [],
        "Damaged files that were set aside";
    WalBytes, Gauge, "telltale.wal.bytes", "By", ["part"],
        "Bytes of the write-ahead log: reserved on disk, and not in segments yet";
    WalLag, Gauge, "telltale.wal.lag", "{request}", [],
        "Acknowledged requests that are not on the device yet; above 0 only with --ack=write";
    WalSyncDuration, Durations, "telltale.wal.sync.duration", "s", [],
        "Time of writes to the write-ahead log with their fsync, one a group of requests";
    WalReplayed, Counter, "telltale.wal.replayed", "{record}", [],
        "Records replayed at the start";
    MemtableBytes, Gauge, "telltale.memtable.bytes", "By", ["part"],
        "Bytes of rows in memory, and with requests under way";
    StoreMemory, Gauge, "telltale.store.memory", "By", ["part"],
        "Bytes in memory of what is known of segments: Parquet metadata of those read last, and filters over ids of all";
    Appends, Counter, "telltale.store.appends", "{request}", [],
        "Appends acknowledged by the store";
    AppendWaits, Counter, "telltale.store.append.waits", "{request}", [],
        "Appends that waited for memory";
    AppendRefusals, Counter, "telltale.store.append.refusals", "{request}", [],
        "Appends refused for want of memory or disk";
    Flushes, Counter, "telltale.flush.count", "{flush}", ["outcome"],
        "Flushes of memory to segments";
    FlushedRows, Counter, "telltale.flush.rows", "{row}", [],
        "Rows written to segments";
    FlushDuration, Durations, "telltale.flush.duration", "s", [],
        "Time of flushes";
    Compactions, Counter, "telltale.compaction.count", "{compaction}", ["outcome"],
        "Merges of segments into fewer ones; failed: rounds of compaction and retention that gave up";
    CompactedSegments, Counter, "telltale.compaction.segments", "{segment}", [],
        "Segments that were replaced by others";
    CompactedRows, Counter, "telltale.compaction.rows", "{row}", [],
        "Rows that were written again";
    CompactionBytes, Counter, "telltale.compaction.bytes", "By", [],
        "Bytes written by compaction";
    CompactionDuration, Durations, "telltale.compaction.duration", "s", [],
        "Time of compactions, waits for ingest and queries included";
    RetentionSegments, Counter, "telltale.retention.segments", "{segment}", ["reason"],
        "Segments that retention removed: too old, or too much";
    RetentionRows, Counter, "telltale.retention.rows", "{row}", [],
        "Rows that retention removed";
    RetentionBytes, Counter, "telltale.retention.bytes", "By", [],
        "Bytes that retention removed";
    DeletedRows, Counter, "telltale.delete.rows", "{row}", [],
        "Rows that were deleted on request";
    RetentionLimit, Gauge, "telltale.retention.limit.bytes", "By", [],
        "Bytes on disk beyond which the oldest segments go; NaN without a limit";
    RetentionPinned, Gauge, "telltale.retention.pinned.bytes", "By", [],
        "Bytes of segments that pins keep";
    RemoteSegments, Gauge, "telltale.remote.segments", "{segment}", ["place"],
        "Segments of the object store: there, waiting to go there, and unavailable (only there, and it does not answer)";
    RemoteBytes, Gauge, "telltale.remote.bytes", "By", ["place"],
        "Bytes of segments in the object store, and of those that wait to go there";
    RemoteUploads, Counter, "telltale.remote.uploads", "{segment}", ["outcome"],
        "Uploads of segments to the object store; failed ones are tried again";
    RemoteUploadBytes, Counter, "telltale.remote.upload.bytes", "By", [],
        "Bytes uploaded to the object store";
    RemoteRemovals, Counter, "telltale.remote.removals", "{segment}", ["outcome"],
        "Segments removed from the object store; failed ones are tried again";
    RemoteFetches, Counter, "telltale.remote.fetches", "{file}", ["outcome"],
        "Files that had to come from the object store, by whether they came";
    RemoteFetchBytes, Counter, "telltale.remote.fetch.bytes", "By", [],
        "Bytes that came from the object store";
    RemoteCacheHits, Counter, "telltale.remote.cache.hits", "{file}", [],
        "Files of the object store that were opened on the disk";
    RemoteCacheBytes, Gauge, "telltale.remote.cache.bytes", "By", [],
        "Bytes of the object store's files on the disk";
    RemoteCacheLimit, Gauge, "telltale.remote.cache.limit", "By", [],
        "Bytes beyond which the least recently used of these files go; 0 without an object store";
    RemoteCacheEvictions, Counter, "telltale.remote.cache.evictions", "{file}", [],
        "Files that went from the disk because the object store has them";
    ProcessUptime, Gauge, "telltale.process.uptime", "s", [],
        "Time since the process started";
    ProcessMemory, Gauge, "telltale.process.memory", "By", [],
        "Resident memory of the process";
    ProcessFiles, Gauge, "telltale.process.files", "{file}", [],
        "Open file descriptors of the process";
}

impl Metric {
    /// Says whether the number is kept by [`super::Telemetry`], not taken from the store or the system when asked.
    #[must_use]
    pub const fn is_counted_here(self) -> bool {
        !matches!(
            self,
            Self::IngestRate
                | Self::IngestSenders
                | Self::AdmissionUsed
                | Self::AdmissionLimit
                | Self::AdmissionWaiting
                | Self::ConnectionsOpen
                | Self::ForwardQueued
                | Self::LiveReaders
                | Self::StoreRows
                | Self::StoreSegments
                | Self::StoreSegmentBytes
                | Self::StoreDiskBytes
                | Self::StoreFreeBytes
                | Self::StoreHealthy
                | Self::StoreQuarantined
                | Self::WalBytes
                | Self::WalLag
                | Self::WalSyncDuration
                | Self::WalReplayed
                | Self::MemtableBytes
                | Self::StoreMemory
                | Self::Appends
                | Self::AppendWaits
                | Self::AppendRefusals
                | Self::Flushes
                | Self::FlushedRows
                | Self::FlushDuration
                | Self::Compactions
                | Self::CompactedSegments
                | Self::CompactedRows
                | Self::CompactionBytes
                | Self::CompactionDuration
                | Self::RetentionSegments
                | Self::RetentionRows
                | Self::RetentionBytes
                | Self::RetentionLimit
                | Self::DeletedRows
                | Self::RetentionPinned
                | Self::RemoteSegments
                | Self::RemoteBytes
                | Self::RemoteUploads
                | Self::RemoteUploadBytes
                | Self::RemoteRemovals
                | Self::RemoteFetches
                | Self::RemoteFetchBytes
                | Self::RemoteCacheHits
                | Self::RemoteCacheBytes
                | Self::RemoteCacheLimit
                | Self::RemoteCacheEvictions
                | Self::ProcessUptime
                | Self::ProcessMemory
                | Self::ProcessFiles
        )
    }

    /// Returns the Prometheus name: dots to underscores, the unit and, for counters, `_total` at the end.
    #[must_use]
    pub fn prometheus_name(self) -> String {
        let mut name = self.name().replace('.', "_");
        let unit = match self.unit() {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        if !name.ends_with(unit) {
            name.push_str(unit);
        }
        if self.kind() == Kind::Counter {
            name.push_str("_total");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_rules() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.prometheus_name()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for metric in Metric::ALL {
            assert!(metric.name().starts_with("telltale."), "{metric:?}");
            assert!(metric.name().chars().all(|c| c.is_ascii_lowercase() || ".-_".contains(c)), "{metric:?}");
            assert!(!metric.help().ends_with('.') && metric.help().len() > 10, "{metric:?}");
        }
        assert_eq!(Metric::IngestBytes.prometheus_name(), "telltale_ingest_bytes_total");
        assert_eq!(Metric::WalSyncDuration.prometheus_name(), "telltale_wal_sync_duration_seconds");
    }
}
