//! Media types and content encodings of requests.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/x-protobuf`, also `application/protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
    /// `application/grpc` and `application/grpc+proto`.
    Grpc,
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952, of any number of members.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 1950, and RFC 1951 without the zlib wrapper, which some senders mean.
    Deflate,
}

impl Encoding {
    /// Returns the word that pages show.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }
}

/// Returns the media type of a request; `None` when there is none or it is not understood. Case and parameters do not
/// matter.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<Media> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-protobuf" | "application/protobuf" => Some(Media::Protobuf),
        "application/json" => Some(Media::Json),
        "application/grpc" | "application/grpc+proto" => Some(Media::Grpc),
        _ => None,
    }
}

/// Understands the name of one content coding.
#[must_use]
pub fn coding(name: &str) -> Option<Encoding> {
    match name.trim().to_ascii_lowercase().as_str() {
        "" | "identity" | "none" => Some(Encoding::Identity),
        "gzip" | "x-gzip" => Some(Encoding::Gzip),
        "zstd" => Some(Encoding::Zstd),
        "deflate" | "zlib" => Some(Encoding::Deflate),
        _ => None,
    }
}

/// Returns how a request's body is compressed.
///
/// # Errors
/// The header's text, when it is not understood or names several codings.
pub fn content_encoding(headers: &HeaderMap) -> Result<Encoding, String> {
    let mut found = Encoding::Identity;
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = value.to_str().map_err(|_not_text| "(not a text)".to_owned())?;
        let next = coding(text).ok_or_else(|| text.to_owned())?;
        if found != Encoding::Identity && next != Encoding::Identity {
            return Err(format!("{text} after another one"));
        }
        if next != Encoding::Identity {
            found = next;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn media_types_ignore_case_and_parameters() {
        let table = [
            ("application/x-protobuf", Some(Media::Protobuf)),
            ("Application/X-Protobuf; charset=utf-8", Some(Media::Protobuf)),
            ("application/protobuf", Some(Media::Protobuf)),
            ("APPLICATION/JSON ; charset=UTF-8", Some(Media::Json)),
            ("application/grpc", Some(Media::Grpc)),
            ("application/grpc+proto", Some(Media::Grpc)),
            ("application/grpc-web", None),
            ("application/grpc+json", None),
            ("application/jsonx", None),
            ("text/plain", None),
            ("", None),
        ];
        for (text, expected) in table {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]);
            assert_eq!(media_type(&headers), expected, "{text:?}");
        }
        assert_eq!(media_type(&HeaderMap::new()), None);
    }

    #[test]
    fn encodings_are_one_at_a_time() {
        let encoding = |values: &[&'static str]| {
            content_encoding(&values.iter().map(|v| (CONTENT_ENCODING, HeaderValue::from_static(v))).collect())
        };
        assert_eq!(encoding(&[]), Ok(Encoding::Identity));
        assert_eq!(encoding(&["GZip"]), Ok(Encoding::Gzip));
        assert_eq!(encoding(&["identity", "zstd"]), Ok(Encoding::Zstd));
        assert!(encoding(&["br"]).is_err());
        assert!(encoding(&["gzip, gzip"]).is_err());
        assert!(encoding(&["gzip", "zstd"]).is_err());
    }
}
