//! The environment of a run's command: variables that OpenTelemetry's SDKs understand.
//!
//! What the user set for a back end of theirs (endpoints, headers) is taken away, so that nothing goes there; a protocol
//! that the user chose stays, since both OTLP ports take every protocol.

use std::fmt::Write as _;

use telltale_api::live::Endpoints;

use super::identity::Identity;
use crate::config::Environment;

/// One change: a variable and its value, `None` to take it away.
pub type Change = (String, Option<String>);

const SIGNALS: [&str; 3] = ["TRACES", "METRICS", "LOGS"];
const EXPORTER: [&str; 5] = ["ENDPOINT", "HEADERS", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"];
const PROXIES: [&str; 6] = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/// Hosts that must not be asked through a proxy.
const OURS: &str = "127.0.0.1,localhost,::1";

/// Returns what the command's environment has other than ours.
#[must_use]
pub fn of_child(environment: Environment<'_>, identity: &Identity, endpoints: &Endpoints) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for part in EXPORTER {
        let signals = SIGNALS.iter().map(|signal| format!("OTEL_EXPORTER_OTLP_{signal}_{part}"));
        changes.extend(signals.chain([format!("OTEL_EXPORTER_OTLP_{part}")]).map(|name| (name, None)));
    }
    let mut set = |name: &str, value: String| {
        changes.retain(|(known, _)| known != name);
        changes.push((name.to_owned(), Some(value)));
    };
    set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoints.otlp_http.clone());
    let protocol = environment("OTEL_EXPORTER_OTLP_PROTOCOL").filter(|protocol| !protocol.is_empty());
    set("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.unwrap_or_else(|| "http/protobuf".to_owned()));
    // The SDK, not the back end, makes people wait: 5 s, 1 s and 60 s are its defaults.
    set("OTEL_BSP_SCHEDULE_DELAY", "200".to_owned());
    set("OTEL_BLRP_SCHEDULE_DELAY", "200".to_owned());
    set("OTEL_METRIC_EXPORT_INTERVAL", "1000".to_owned());
    set("OTEL_RESOURCE_ATTRIBUTES", resource_attributes(environment, identity));
    set("TRACEPARENT", format!("00-{}-{}-01", identity.trace_id, identity.span_id));
    set("TELLTALE_URL", endpoints.ui.clone());
    set("TELLTALE_RUN_ID", identity.run_id.clone());
    if PROXIES.iter().any(|name| environment(name).is_some_and(|value| !value.is_empty())) {
        for name in ["no_proxy", "NO_PROXY"] {
            let before = environment(name).filter(|value| !value.is_empty());
            set(name, before.map_or_else(|| OURS.to_owned(), |before| format!("{before},{OURS}")));
        }
    }
    changes
}

/// The user's attributes, but for those that name a run (an outer one's, when runs are nested), and then ours.
fn resource_attributes(environment: Environment<'_>, identity: &Identity) -> String {
    let before = environment("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let is_ours = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default().trim();
        identity.attributes.iter().any(|(ours, _)| ours == key)
    };
    let theirs = before.split(',').filter(|pair| !pair.trim().is_empty()).filter(|pair| !is_ours(pair));
    let ours = identity.attributes.iter().map(|(key, value)| format!("{key}={}", encode(value)));
    theirs.map(str::to_owned).chain(ours).collect::<Vec<_>>().join(",")
}

/// Percent-encodes what W3C Baggage does not allow in a value.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@+#!$&()*<>?[]^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            name: "main@abc".into(),
            run_id: "r1".into(),
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
            span_id: "b7ad6b7169203331".into(),
            attributes: vec![("telltale.run.id".into(), "r1".into()), ("vcs.ref.head.name".into(), "a,b=c d".into())],
        }
    }

    fn changes(environment: &[(&str, &str)]) -> Vec<Change> {
        let endpoints = Endpoints {
            ui: "http://127.0.0.1:1".into(),
            otlp_grpc: "http://127.0.0.1:2".into(),
            otlp_http: "http://127.0.0.1:3".into(),
        };
        let read =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        of_child(&read, &identity(), &endpoints)
    }

    fn get<'a>(changes: &'a [Change], name: &str) -> Option<&'a str> {
        let found: Vec<_> = changes.iter().filter(|(known, _)| known == name).collect();
        assert_eq!(found.len(), 1, "{name} is changed once");
        found[0].1.as_deref()
    }

    /// Scenario: an environment without anything. Guarantees: exactly what the contract names.
    #[test]
    fn the_contract() {
        let changes = changes(&[]);
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:3"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
            ("OTEL_RESOURCE_ATTRIBUTES", "telltale.run.id=r1,vcs.ref.head.name=a%2Cb%3Dc%20d"),
            ("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("TELLTALE_URL", "http://127.0.0.1:1"),
        ] {
            assert_eq!(get(&changes, name), Some(value));
        }
        assert!(!changes.iter().any(|(name, _)| name.eq_ignore_ascii_case("no_proxy")));
    }

    /// Scenario: a run inside another run, with a back end and a proxy of the user. Guarantees: the user's attributes stay,
    /// the outer run's go, nothing is sent to the user's back end or through the proxy.
    #[test]
    fn a_users_environment_is_added_to() {
        let changes = changes(&[
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop, telltale.run.id=outer,team=a"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://vendor.example"),
            ("HTTP_PROXY", "http://proxy:1"),
            ("NO_PROXY", "intranet"),
        ]);
        assert_eq!(
            get(&changes, "OTEL_RESOURCE_ATTRIBUTES"),
            Some("service.name=shop,team=a,telltale.run.id=r1,vcs.ref.head.name=a%2Cb%3Dc%20d")
        );
        assert_eq!(get(&changes, "OTEL_EXPORTER_OTLP_PROTOCOL"), Some("grpc"));
        assert_eq!(get(&changes, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), None);
        assert_eq!(get(&changes, "NO_PROXY"), Some("intranet,127.0.0.1,localhost,::1"));
        assert_eq!(get(&changes, "no_proxy"), Some("127.0.0.1,localhost,::1"));
    }
}
