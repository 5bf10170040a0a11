//! A path and a query, as the address bar has them: what every page's state is written in.

/// A path and a query: what every page's state is written in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The path, as it stands in the address bar.
    pub path: String,
    /// The parameters in order, decoded. A page reads those that it knows.
    pub query: Vec<(String, String)>,
}

impl Place {
    /// Reads a path and a query string (without its question mark).
    #[must_use]
    pub fn parse(path: &str, query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = query.map(|(name, value)| (decode(name), decode(value))).collect();
        Self { path: path.to_owned(), query }
    }

    /// Reads an address below the origin; what follows `#` is left out.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Self::parse(path, query)
    }

    /// Returns a page without parameters.
    #[must_use]
    pub fn at(path: &str) -> Self {
        Self { path: path.to_owned(), query: Vec::new() }
    }

    /// Returns the first value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the place with a parameter set, or taken away; others stay as they are.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        let at = self.query.iter().position(|(known, _)| known == name);
        self.query.retain(|(known, _)| known != name);
        if let Some(value) = value {
            let at = at.unwrap_or(self.query.len()).min(self.query.len());
            self.query.insert(at, (name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Writes path and query; [`Place::of_url`] reads it back.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.path.clone();
        for (position, (name, value)) in self.query.iter().enumerate() {
            url.push(if position == 0 { '?' } else { '&' });
            url.push_str(&encode(name));
            url.push('=');
            url.push_str(&encode(value));
        }
        url
    }
}

/// Percent-encodes everything but the characters that RFC 3986 leaves free.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

/// Undoes [`encode`]; a plus sign is a space, and a broken escape stays as it is.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let rest = bytes.as_slice_like();
        match (byte, rest) {
            (b'%', Some(value)) => {
                out.push(value);
                bytes.nth(1);
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Looks at the two hex digits that come next without taking them.
trait NextHex {
    fn as_slice_like(&self) -> Option<u8>;
}

impl NextHex for std::str::Bytes<'_> {
    fn as_slice_like(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let high = ahead.next().and_then(telltale_model::id::hex_digit)?;
        let low = ahead.next().and_then(telltale_model::id::hex_digit)?;
        Some(high * 16 + low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_parameters_and_their_order() {
        let place = Place::of_url("/search?q=a+b%26c&from=1&q=2#top");
        assert_eq!((place.param("q"), place.param("from"), place.param("to")), (Some("a b&c"), Some("1"), None));
        let changed = place.with("q", Some("x=y")).with("to", Some("9")).with("from", None);
        assert_eq!(changed.url(), "/search?q=x%3Dy&to=9");
        assert_eq!(Place::of_url(&changed.url()), changed);
        assert_eq!(Place::of_url("/a?flag").param("flag"), Some(""));
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(decode("100%zz%4"), "100%zz%4");
    }
}
