//! Who may ask what: host names, origins, tokens, and the headers that tell browsers the same.
//!
//! Pure rules over headers; the edge applies them. Three dangers are meant: a page of a stranger that reaches localhost
//! under its own name (DNS rebinding: the `Host` list), a page that lets the browser send something (the `Origin`
//! rules), and a person on the network (the token). Telemetry that tries to become markup is kept out by the content
//! security policy, besides the user interface's own care.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use subtle::ConstantTimeEq as _;

use crate::config::{Config, Secret};

pub mod cors;
pub mod login;

/// What the browser may do with an answer of the user interface. Scripts come from our own files alone; WebAssembly may
/// be compiled.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The headers of every answer of the user interface's listener.
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// Adds the headers that are not there yet.
pub fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}

/// The access rules of a process.
#[derive(Debug)]
pub struct Access {
    token: Option<Secret>,
    /// Names of `--public-host`.
    public_hosts: Vec<String>,
    /// Bound addresses other than loopback.
    bound: Vec<IpAddr>,
    cors_origins: Vec<String>,
    /// The cookie that the login link sets.
    session: login::Session,
}

impl Access {
    /// Takes the rules from the settings.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new(config: &Config, ui_port: u16) -> Result<Self, getrandom::Error> {
        let binds = [&config.listen, &config.otlp_grpc, &config.otlp_http];
        let bound = binds.iter().flat_map(|bind| bind.addresses()).map(|address| address.ip().to_canonical());
        Ok(Self {
            token: config.token.clone(),
            public_hosts: config.public_hosts.clone(),
            bound: bound.filter(|ip| !ip.is_loopback()).collect(),
            cors_origins: config.cors_origins.clone(),
            session: login::Session::new(ui_port)?,
        })
    }

    /// Returns the cookie and its guard against guessing.
    #[must_use]
    pub fn session(&self) -> &login::Session {
        &self.session
    }

    /// Says whether requests need a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    /// Says whether a request was sent to a name of ours. HTTP/2 has the name in its URI.
    #[must_use]
    pub fn allows_host(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let header = headers.get(HOST).map(|value| value.to_str());
        let named = match (uri.authority(), header) {
            (Some(authority), _) => authority.as_str(),
            (None, Some(Ok(text))) => text,
            // HTTP/1.0 may go without; browsers never do.
            (None, None) => return headers.get(ORIGIN).is_none(),
            (None, Some(Err(_))) => return false,
        };
        host_of(named).is_some_and(|host| self.is_ours(&host))
    }

    /// Judges a host name without its port, in lower case.
    fn is_ours(&self, host: &str) -> bool {
        if host == "localhost" || host.ends_with(".localhost") || self.public_hosts.iter().any(|name| name == host) {
            return true;
        }
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let Ok(ip) = bare.parse::<IpAddr>() else { return false };
        let ip = ip.to_canonical();
        // Where every address is bound, each is ours; a rebinding attack needs a name, not an address.
        ip.is_loopback() || self.bound.iter().any(|bound| bound.is_unspecified() || *bound == ip)
    }

    /// Says whether a request to the user interface or the API comes from a page of our own, or from no page at all.
    ///
    /// Pages of strangers may link here, and nothing else: whatever names a foreign origin is refused, and so is what
    /// changes something and says that it comes from another site.
    #[must_use]
    pub fn allows_page(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if !is_read && !matches!(site, None | Some(b"same-origin" | b"none")) {
            return false;
        }
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let host = uri.authority().map(|authority| authority.as_str().as_bytes());
        let host = host.or_else(|| headers.get(HOST).map(HeaderValue::as_bytes));
        let origin = origin.as_bytes();
        let origin_host = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
        origin_host.is_some() && origin_host == host
    }

    /// Says whether a request has the token: as Bearer, or, where `cookie_counts`, by the cookie.
    #[must_use]
    pub fn is_authenticated(&self, headers: &HeaderMap, cookie_counts: bool) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
        let mut has = bearer.fold(false, |has, text| has | same(text, token.reveal().as_bytes()));
        if cookie_counts {
            let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
            has |= cookies.flat_map(|text| text.split(';')).any(|pair| self.session.is_cookie(pair.trim()));
        }
        has
    }

    /// Says whether `text` is the token.
    #[must_use]
    pub fn is_token(&self, text: &str) -> bool {
        self.token.as_ref().is_none_or(|token| same(text.as_bytes(), token.reveal().as_bytes()))
    }

    /// Says whether pages of an origin may send OTLP: those of this machine, and those that a setting names.
    #[must_use]
    pub fn allows_origin(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        let origin = origin.to_ascii_lowercase();
        if self.cors_origins.contains(&origin) {
            return true;
        }
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.and_then(host_of).is_some_and(|host| matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]"))
    }
}

/// Compares in a time that does not depend on where the texts differ.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Returns the token of an `Authorization` header; the scheme's case does not matter.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Returns the host of `host`, `host:port`, `[v6]` or `[v6]:port` in lower case, without a final dot; `None` when the
/// text is something else.
fn host_of(text: &str) -> Option<String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (format!("[{inside}]"), port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        },
    };
    let is_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_host =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[:]".contains(&byte));
    (is_port && is_host).then(|| host.strip_suffix('.').unwrap_or(&host).to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
