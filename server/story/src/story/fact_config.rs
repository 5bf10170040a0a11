//! Which facts the answer card shows, as data: the list that holds when nobody configured another.

mod condition;
mod list;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use condition::Condition;
pub(super) use condition::Place;

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
    /// Attributes that answer, best first: the first one that anything carries is shown. A `*` stands for any text.
    /// Attributes of spans, span events, logs and resources all count. A rule without keys removes the fact of its label.
    #[serde(alias = "from", deserialize_with = "list::texts", default)]
    pub keys: Vec<String>,
    /// What must hold where the attribute stands; all of it.
    #[serde(rename = "where", deserialize_with = "list::conditions", default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Which of several values are shown.
    #[serde(default)]
    pub pick: Pick,
    /// Whether values are replaced by pseudonyms: equal values look equal, and nothing else can be told.
    #[serde(default)]
    pub redact: bool,
    /// How a page shows it.
    #[serde(default)]
    pub view: FactView,
    /// Whether the same value from two services counts twice: for versions and hosts, which belong to a service.
    #[serde(default)]
    pub per_service: bool,
    /// Attributes beside the key that complete the value, first found: `new-cart = on`.
    #[serde(default, deserialize_with = "list::texts")]
    pub with: Vec<String>,
}

/// Which of several values a fact shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Pick {
    /// Every value, side by side.
    #[default]
    All,
    /// The one that came first.
    First,
    /// The one that came last.
    Last,
    /// The one that most spans and logs carry.
    Most,
    /// The one of the root span.
    Root,
}

/// How a page shows a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum FactView {
    /// In a line.
    #[default]
    Text,
    /// A statement.
    Sql,
    /// A query plan, drawn as a tree.
    Plan,
    /// A document.
    Json,
    /// Anything with lines.
    Code,
}

impl FactView {
    /// Returns the word for it in files and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Sql => "sql",
            Self::Plan => "plan",
            Self::Json => "json",
            Self::Code => "code",
        }
    }
}

impl FactConfig {
    /// Returns the default list with a team's own rules: a rule with the label of a default stands in its place, one
    /// without keys removes it, and all others stand first, in their order.
    #[must_use]
    pub fn with_team(team: Vec<FactRule>) -> Self {
        let defaults = Self::default().facts;
        let is_default = |rule: &FactRule| defaults.iter().any(|default| default.label == rule.label);
        let (replacing, own): (Vec<FactRule>, Vec<FactRule>) = team.into_iter().partition(is_default);
        let rest = defaults.into_iter().map(|default| {
            let by_label = |rule: &&FactRule| rule.label == default.label;
            replacing.iter().rfind(by_label).cloned().unwrap_or(default)
        });
        Self { facts: own.into_iter().chain(rest).filter(|rule| !rule.keys.is_empty()).collect() }
    }
}

/// One line of the default list: label, view, keys.
type Line = (&'static str, FactView, &'static [&'static str]);

/// What a support engineer asks for first. Keys of OpenTelemetry's semantic conventions and of wide-spread habit.
const DEFAULTS: [Line; 18] = [
    ("Gateway", FactView::Text, &["gateway.id", "gateway.name", "iot.gateway.id", "edge.gateway.id", "*.gateway.id"]),
    (
        "Device",
        FactView::Text,
        &["device.id", "device.serial_number", "device.name", "device.model.name", "*.device.id"],
    ),
    (
        "Firmware",
        FactView::Text,
        &["device.firmware.version", "gateway.firmware.version", "firmware.version", "*firmware*"],
    ),
    ("Version", FactView::Text, &["service.version"]),
    ("Tenant", FactView::Text, &["tenant.id", "tenant", "customer.id", "account.id", "organization.id", "*.tenant.id"]),
    ("User", FactView::Text, &["user.id", "enduser.id", "user.name", "enduser.pseudo.id", "session.id"]),
    ("Environment", FactView::Text, &["deployment.environment.name", "deployment.environment"]),
    ("Host or pod", FactView::Text, &["k8s.pod.name", "host.name", "container.name", "host.id", "service.instance.id"]),
    ("Region", FactView::Text, &["cloud.region", "cloud.availability_zone"]),
    ("Route", FactView::Text, &["http.route", "url.template", "url.path", "http.target", "rpc.method"]),
    (
        "Status",
        FactView::Text,
        &["http.response.status_code", "http.status_code", "rpc.response.status_code", "rpc.grpc.status_code"],
    ),
    ("Queue or topic", FactView::Text, &["messaging.destination.name", "messaging.destination"]),
    ("Database", FactView::Text, &["db.system.name", "db.system"]),
    ("Statement", FactView::Sql, &["db.query.text", "db.statement", "db.query.summary"]),
    ("Query plan", FactView::Plan, &["db.query.plan", "db.query_plan", "db.plan", "db.plan_json", "db.*plan*"]),
    (
        "Retries",
        FactView::Text,
        &["http.request.resend_count", "retry.count", "retry_count", "*.retry_count", "*.retry.count"],
    ),
    ("Feature flag", FactView::Text, &["feature_flag.key"]),
    (
        "Deploy revision",
        FactView::Text,
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
            view,
            per_service: PER_SERVICE.contains(&label),
            with: if label == "Feature flag" { FLAG_VALUES.map(str::to_owned).to_vec() } else { Vec::new() },
            ..FactRule::default()
        };
        Self { facts: DEFAULTS.into_iter().map(rule).collect() }
    }
}
