//! Which facts the answer card shows, as data: the list that holds when nobody configured another.

use serde::{Deserialize, Serialize};

/// The facts of the answer card, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactConfig {
    /// One rule a fact; `[[fact]]` in a configuration file.
    #[serde(rename = "fact", default)]
    pub facts: Vec<FactRule>,
}

/// Where a fact comes from and how it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct FactRule {
    /// Its name on the card.
    pub label: String,
    /// Attributes that answer, best first: the first one that anything carries is shown. A `*` at the beginning or end
    /// stands for any text. Attributes of spans, span events, logs and resources all count.
    pub keys: Vec<String>,
    /// `text`, `sql` or `plan`.
    #[serde(default = "text_view")]
    pub view: String,
    /// Whether the same value from two services counts twice: for versions and hosts, which belong to a service.
    #[serde(default)]
    pub per_service: bool,
    /// Attributes beside the key that complete the value, first found: `new-cart = on`.
    #[serde(default)]
    pub with: Vec<String>,
}

fn text_view() -> String {
    "text".to_owned()
}

/// One line of the default list: label, view, keys.
type Line = (&'static str, &'static str, &'static [&'static str]);

/// What a support engineer asks for first. Keys of OpenTelemetry's semantic conventions and of wide-spread habit.
const DEFAULTS: [Line; 18] = [
    ("Gateway", "text", &["gateway.id", "gateway.name", "iot.gateway.id", "edge.gateway.id", "*.gateway.id"]),
    ("Device", "text", &["device.id", "device.serial_number", "device.name", "device.model.name", "*.device.id"]),
    ("Firmware", "text", &["device.firmware.version", "gateway.firmware.version", "firmware.version", "*firmware*"]),
    ("Version", "text", &["service.version"]),
    ("Tenant", "text", &["tenant.id", "tenant", "customer.id", "account.id", "organization.id", "*.tenant.id"]),
    ("User", "text", &["user.id", "enduser.id", "user.name", "enduser.pseudo.id", "session.id"]),
    ("Environment", "text", &["deployment.environment.name", "deployment.environment"]),
    ("Host or pod", "text", &["k8s.pod.name", "host.name", "container.name", "host.id", "service.instance.id"]),
    ("Region", "text", &["cloud.region", "cloud.availability_zone"]),
    ("Route", "text", &["http.route", "url.template", "url.path", "http.target", "rpc.method"]),
    (
        "Status",
        "text",
        &["http.response.status_code", "http.status_code", "rpc.response.status_code", "rpc.grpc.status_code"],
    ),
    ("Queue or topic", "text", &["messaging.destination.name", "messaging.destination"]),
    ("Database", "text", &["db.system.name", "db.system"]),
    ("Statement", "sql", &["db.query.text", "db.statement", "db.query.summary"]),
    ("Query plan", "plan", &["db.query.plan", "db.query_plan", "db.plan", "db.plan_json", "db.*plan*"]),
    ("Retries", "text", &["http.request.resend_count", "retry.count", "retry_count", "*.retry_count", "*.retry.count"]),
    ("Feature flag", "text", &["feature_flag.key"]),
    (
        "Deploy revision",
        "text",
        &["vcs.ref.head.revision", "vcs.repository.ref.revision", "service.revision", "git.commit.sha"],
    ),
];

/// Facts of the default list that belong to a service.
const PER_SERVICE: [&str; 3] = ["Version", "Host or pod", "Deploy revision"];

/// Attributes that tell what a feature flag was set to.
const FLAG_VALUES: [&str; 4] = [
    "feature_flag.result.variant",
    "feature_flag.variant",
    "feature_flag.result.value",
    "feature_flag.evaluated_value",
];

impl Default for FactConfig {
    fn default() -> Self {
        let rule = |(label, view, keys): Line| FactRule {
            label: label.to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            view: view.to_owned(),
            per_service: PER_SERVICE.contains(&label),
            with: if label == "Feature flag" { FLAG_VALUES.map(str::to_owned).to_vec() } else { Vec::new() },
        };
        Self { facts: DEFAULTS.into_iter().map(rule).collect() }
    }
}
