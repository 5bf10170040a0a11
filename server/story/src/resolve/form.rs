//! The spellings that are recognised, with their names in words.

/// A spelling of a trace id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// 32 hex digits.
    Hex32,
    /// 16 hex digits.
    Hex16,
    /// 17 to 31 hex digits: leading zeros were lost.
    ShortHex,
    /// The first digits of an id.
    Prefix,
    /// 8-4-4-4-12, in braces or after `urn:uuid:` or bare.
    Uuid,
    /// A UUID whose first three groups are little-endian, as .NET's `Guid.ToByteArray` has them.
    DotNetGuid,
    /// Base64 of 16 bytes, padded or not, standard or URL-safe.
    Base64,
    /// Base64 of 8 bytes.
    Base64Low64,
    /// Up to 20 decimal digits: a 64-bit id.
    Decimal64,
    /// 21 to 39 decimal digits: a 128-bit id.
    Decimal128,
    /// Two 64-bit decimals, high and low.
    HighLow,
    /// Sixteen bytes as a list.
    ByteList,
    /// W3C `traceparent`.
    TraceParent,
    /// AWS X-Ray, `1-8-24`.
    XRay,
    /// The `b3` header, or `trace-span` as Spring writes it.
    B3,
    /// The `X-B3-…` headers.
    B3Headers,
    /// Jaeger's `uber-trace-id`.
    Jaeger,
    /// Google's `X-Cloud-Trace-Context`.
    GoogleCloud,
    /// Datadog's headers and log fields.
    Datadog,
    /// Sentry's `sentry-trace` header.
    Sentry,
    /// Instana's `X-INSTANA-T`.
    Instana,
    /// OpenTracing's `ot-tracer-traceid`.
    OpenTracing,
    /// Honeycomb's `X-Honeycomb-Trace`.
    Honeycomb,
    /// New Relic's `newrelic` header.
    NewRelic,
    /// SkyWalking's ids and its `sw8` header.
    SkyWalking,
    /// gRPC's `grpc-trace-bin`.
    GrpcBinary,
    /// A field of a log line, a JSON document or a header block.
    Field,
    /// A part of a link.
    Link,
    /// A field that holds a span id.
    SpanField,
    /// An id of a request, not of a trace.
    RequestId,
    /// ASP.NET's old hierarchical id, `|root.parent.`.
    Hierarchical,
    /// A text that is the value of an attribute, such as an order number; never read from a paste, only found in a store.
    Value,
}

impl Form {
    /// Returns the name of the spelling in words, as pages show it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hex32 => "trace id, 32 hex digits",
            Self::Hex16 => "16 hex digits: a span id or a 64-bit trace id",
            Self::ShortHex => "hex without its leading zeros",
            Self::Prefix => "beginning of a trace id",
            Self::Uuid => "UUID",
            Self::DotNetGuid => "UUID in .NET byte order",
            Self::Base64 => "base64",
            Self::Base64Low64 => "base64 of a 64-bit id",
            Self::Decimal64 => "decimal 64-bit id",
            Self::Decimal128 => "decimal 128-bit id",
            Self::HighLow => "high and low half in decimal",
            Self::ByteList => "list of bytes",
            Self::TraceParent => "W3C traceparent",
            Self::XRay => "AWS X-Ray",
            Self::B3 => "B3, trace and span",
            Self::B3Headers => "B3 headers",
            Self::Jaeger => "Jaeger uber-trace-id",
            Self::GoogleCloud => "Google Cloud trace context",
            Self::Datadog => "Datadog",
            Self::Sentry => "Sentry trace",
            Self::Instana => "Instana header",
            Self::OpenTracing => "OpenTracing header",
            Self::Honeycomb => "Honeycomb header",
            Self::NewRelic => "New Relic header",
            Self::SkyWalking => "SkyWalking",
            Self::GrpcBinary => "gRPC grpc-trace-bin",
            Self::Field => "trace id in a log line or document",
            Self::Link => "trace id in a link",
            Self::SpanField => "span id in a log line or document",
            Self::RequestId => "request id",
            Self::Hierarchical => "ASP.NET hierarchical id",
            Self::Value => "value of an attribute",
        }
    }
}
