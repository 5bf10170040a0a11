//! Tables of who may pass.

use http::header::{HeaderName, SET_COOKIE};
use proptest::prelude::*;

use super::*;
use crate::config::Flags;

const TOKEN: &str = "abcdefgh-12345678";

fn access(flags: &[(&str, &str)]) -> Access {
    let flags =
        flags.iter().fold(Flags::default().with("ephemeral", "true"), |flags, (name, text)| flags.with(name, text));
    let config = Config::load(&flags, &|name| (name == "HOME").then(|| "/home/somebody".to_owned())).unwrap();
    Access::new(&config, 3000).unwrap()
}

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
}

#[test]
fn hosts() {
    let local = access(&[("public-host", "traces.example.com")]);
    let open = access(&[("listen", "0.0.0.0:3000"), ("insecure", "true")]);
    let one = access(&[("listen", "192.0.2.7:3000"), ("insecure", "true")]);
    // Host, and whether the server on loopback, on every address, on 192.0.2.7 answers to it.
    let table = [
        ("localhost", true, true, true),
        ("LOCALHOST:3000", true, true, true),
        ("localhost.:3000", true, true, true),
        ("app.localhost", true, true, true),
        ("127.0.0.1:3000", true, true, true),
        ("[::1]:3000", true, true, true),
        ("[::1]", true, true, true),
        ("traces.example.com", true, false, false),
        ("Traces.Example.com:443", true, false, false),
        ("evil.example.com", false, false, false),
        ("localhost.evil.example.com", false, false, false),
        ("127.0.0.1.evil.example.com", false, false, false),
        ("evil.example.com:3000", false, false, false),
        ("192.0.2.7:3000", false, true, true),
        ("192.0.2.8", false, true, false),
        ("localhost:evil", false, false, false),
        ("localhost:", false, false, false),
        ("user@localhost", false, false, false),
        ("[::1", false, false, false),
        ("", false, false, false),
    ];
    for (host, on_loopback, on_all, on_one) in table {
        let of = |access: &Access| access.allows_host(&Uri::from_static("/"), &headers(&[(HOST, host)]));
        assert_eq!((of(&local), of(&open), of(&one)), (on_loopback, on_all, on_one), "{host:?}");
    }
    let http2: Uri = "http://evil.example.com/".parse().unwrap();
    assert!(!local.allows_host(&http2, &headers(&[(HOST, "localhost")])), "the authority of HTTP/2 counts");
    assert!(local.allows_host(&Uri::from_static("/"), &HeaderMap::new()), "HTTP/1.0 without a host is no browser");
}

#[test]
fn origins_that_may_send_otlp() {
    let access = access(&[("cors-origin", "https://app.example.com:8443")]);
    for (origin, allowed) in [
        ("http://localhost:5173", true),
        ("https://localhost", true),
        ("http://127.0.0.1:1", true),
        ("http://[::1]:9000", true),
        ("https://app.example.com:8443", true),
        ("https://APP.example.com:8443", true),
        ("https://app.example.com", false),
        ("http://app.example.com:8443", false),
        ("http://localhost.evil.example.com", false),
        ("http://127.0.0.2", false),
        ("http://evil.example.com", false),
        ("file://localhost", false),
        ("null", false),
        ("", false),
    ] {
        assert_eq!(access.allows_origin(&HeaderValue::from_str(origin).unwrap()), allowed, "{origin:?}");
    }
}

#[test]
fn pages_that_may_use_the_api() {
    let access = access(&[]);
    let site = HeaderName::from_static("sec-fetch-site");
    let none: &[(HeaderName, &str)] = &[];
    let table = [
        (Method::GET, none.to_vec(), true),
        (Method::POST, none.to_vec(), true),
        (Method::POST, vec![(ORIGIN, "http://localhost:3000")], true),
        (Method::POST, vec![(ORIGIN, "http://localhost:3001")], false),
        (Method::GET, vec![(ORIGIN, "http://localhost:3001")], false),
        (Method::GET, vec![(ORIGIN, "http://localhost:3000")], true),
        (Method::GET, vec![(site.clone(), "cross-site")], true),
        (Method::POST, vec![(site.clone(), "cross-site")], false),
        (Method::POST, vec![(site.clone(), "same-site")], false),
        (Method::POST, vec![(site.clone(), "same-origin"), (ORIGIN, "http://localhost:3000")], true),
        (Method::POST, vec![(site, "none")], true),
        (Method::DELETE, vec![(ORIGIN, "null")], false),
    ];
    for (method, mut pairs, allowed) in table {
        pairs.push((HOST, "localhost:3000"));
        assert_eq!(
            access.allows_page(&method, &Uri::from_static("/api/sql"), &headers(&pairs)),
            allowed,
            "{method} {pairs:?}"
        );
    }
}

#[test]
fn tokens() {
    let open = access(&[]);
    assert!(open.is_authenticated(&HeaderMap::new(), false), "without a token everybody may ask");
    let access = access(&[("token", TOKEN)]);
    let cookie = access.session().set_cookie();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    assert!(!cookie.contains(TOKEN));
    let pair = cookie.split(';').next().unwrap().to_owned();
    let among_others = format!("theme=dark; {pair}; x=y");
    let (good, lower, wrong) = (format!("Bearer {TOKEN}"), format!("bearer {TOKEN}"), format!("Bearer {TOKEN}x"));
    let table = [
        (vec![(AUTHORIZATION, good.as_str())], true),
        (vec![(AUTHORIZATION, lower.as_str())], true),
        (vec![(AUTHORIZATION, wrong.as_str())], false),
        (vec![(AUTHORIZATION, TOKEN)], false),
        (vec![(AUTHORIZATION, "Bearer ")], false),
        (vec![(AUTHORIZATION, "Basic YWJjOmRlZg==")], false),
        (vec![(COOKIE, pair.as_str())], true),
        (vec![(COOKIE, among_others.as_str())], true),
        (vec![(COOKIE, "telltale_session_3000=")], false),
        (vec![(SET_COOKIE, pair.as_str())], false),
        (vec![], false),
    ];
    for (pairs, passes) in table {
        let given = headers(&pairs);
        assert_eq!(access.is_authenticated(&given, true), passes, "{pairs:?}");
        let by_cookie = pairs.iter().any(|(name, _)| name == COOKIE);
        assert_eq!(access.is_authenticated(&given, false), passes && !by_cookie, "no cookies on the OTLP ports");
    }
}

#[test]
fn guesses_are_braked() {
    let session = login::Session::new(1).unwrap();
    let now = std::time::Instant::now();
    for _ in 0..crate::limits::LOGIN_FAILURES_PER_MINUTE {
        assert!(session.allows_guess(now));
        session.guessed_wrong(now);
    }
    assert!(!session.allows_guess(now));
    assert!(session.allows_guess(now + std::time::Duration::from_secs(60)));
}

#[test]
fn the_policy_has_no_inline_scripts_and_an_answer_may_have_a_stricter_one() {
    let script = CONTENT_SECURITY_POLICY.split(';').find(|part| part.trim().starts_with("script-src")).unwrap();
    assert_eq!(script.trim(), "script-src 'self' 'wasm-unsafe-eval'");
    let mut given = headers(&[(HeaderName::from_static("content-security-policy"), "default-src 'none'")]);
    add_headers(&mut given);
    assert_eq!(given["content-security-policy"], "default-src 'none'");
    assert_eq!(given["referrer-policy"], "no-referrer");
}

proptest! {
    #[test]
    fn any_host_is_judged_without_panic_and_names_stay_strangers(name in "[a-z0-9.:\\[\\]@-]{0,40}") {
        let access = access(&[]);
        if let Ok(value) = HeaderValue::from_str(&name) {
            let given = HeaderMap::from_iter([(HOST, value)]);
            if access.allows_host(&Uri::from_static("/"), &given) {
                let host = host_of(&name).unwrap();
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                prop_assert!(host.ends_with("localhost") || bare.parse::<IpAddr>().unwrap().to_canonical().is_loopback());
            }
        }
    }
}
