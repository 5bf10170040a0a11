//! A rule in one line.

use telltale_model::span::StatusCode;

use crate::pattern::Pattern;
use crate::rule::{AttributeRule, LogSelector, MetricSelector, Never, Parent, SpanSelector, What};

/// Returns the kind's word.
pub(super) const fn kind(what: &What) -> &'static str {
    match what {
        What::Span(_) => "span",
        What::Log(_) => "log",
        What::Metric(_) => "metric",
        What::Never(_) => "never",
        What::Slo(_) => "slo",
    }
}

/// Returns the rule's title.
pub(super) fn title(what: &What) -> String {
    match what {
        What::Span(rule) => span(&rule.select),
        What::Log(rule) => log(&rule.select),
        What::Metric(rule) => metric(&rule.select),
        What::Never(Never::Span(select)) => format!("never a {}", span(select)),
        What::Never(Never::Log(select)) => format!("never a {}", log(select)),
        What::Never(Never::Metric(select)) => format!("never a {}", metric(select)),
        What::Slo(rule) => format!("SLO {}: {}% of {}", rule.name, rule.objective, span(&rule.select)),
    }
}

fn after(word: &str, pattern: Option<&Pattern>) -> String {
    pattern.map(|pattern| format!(" {word}{pattern}")).unwrap_or_default()
}

fn with(attributes: &[AttributeRule]) -> String {
    let keys: Vec<&str> = attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    if keys.is_empty() { String::new() } else { format!(" with {}", keys.join(", ")) }
}

fn span(select: &SpanSelector) -> String {
    let kind = select.kind.map(|kind| format!(" ({})", kind.name())).unwrap_or_default();
    let status = match select.status {
        Some(StatusCode::Error) => " that failed".to_owned(),
        Some(status) => format!(" with status {}", status.name()),
        None => String::new(),
    };
    let parent = match &select.parent {
        Some(Parent::None) => " without a parent".to_owned(),
        Some(Parent::Named(name)) => format!(" under {name}"),
        None => String::new(),
    };
    let (name, service) = (after("", select.name.as_ref()), after("of ", select.service.as_ref()));
    format!("span{name}{service}{kind}{status}{parent}{}", with(&select.attributes))
}

fn log(select: &LogSelector) -> String {
    let severity = select.severity.as_ref().map(|range| format!(" {}", range.text)).unwrap_or_default();
    let (body, service) = (after("", select.body.as_ref()), after("of ", select.service.as_ref()));
    format!("log{body}{severity}{service}{}{}", after("in ", select.in_span.as_ref()), with(&select.attributes))
}

fn metric(select: &MetricSelector) -> String {
    let (name, service) = (after("", select.name.as_ref()), after("of ", select.service.as_ref()));
    format!("metric{name}{service}{}", with(&select.attributes))
}
