//! Secrets that are known by their shape.

use std::ops::Range;

use super::KnownIds;
use super::card::find_card;

/// What a pattern found, and where.
pub(super) struct Found<'a> {
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
    pub(super) ids: &'a KnownIds,
}

/// A rule by pattern.
pub(super) struct PatternRule {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Regular expression; its first group, where there is one that took part, is the secret.
    pub(super) pattern: &'static str,
    /// What the pattern alone cannot say: which part of what it found is the secret, if any.
    pub(super) check: fn(&Found<'_>) -> Option<Range<usize>>,
}

/// The built-in rules; the earlier one takes what several match.
pub(super) const PATTERN_RULES: [PatternRule; 9] = [
    PatternRule {
        name: "pem",
        what: "private keys in PEM",
        pattern: r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        check: always,
    },
    PatternRule {
        name: "header",
        what: "headers authorization, cookie, set-cookie and x-api-key in texts",
        pattern: r#"(?i)\b(?:proxy-)?(?:authorization|set-cookie|cookie|x-api-key)["']?\s*[:=]\s*["']?([^\s"'][^\r\n"']*)"#,
        check: always,
    },
    PatternRule {
        name: "url-password",
        what: "user and password in URLs",
        pattern: r#"(?i)\b[a-z][a-z0-9+.-]*://([^\s/?#"'<>]+)@"#,
        check: always,
    },
    PatternRule {
        name: "secret",
        what: "password=…, token=…, \"secret\":\"…\" in texts, SQL and URLs",
        pattern: concat!(
            r#"(?i)(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|sharedaccesskey|private[_-]?key|"#,
            r#"(?:access|refresh|id|auth|bearer|session|csrf|security)?[_-]?token|credentials?|signature)"#,
            r#"(?:\\?["']\s*:\s*\\?["']((?:[^"'\\]|\\[^"'])+)|["']?\s*=\s*["']?([^\s"'&;,)}\]<>]+))"#
        ),
        check: always,
    },
    PatternRule {
        name: "jwt",
        what: "JSON web tokens",
        pattern: r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*",
        check: always,
    },
    PatternRule {
        name: "bearer",
        what: "bearer and basic credentials",
        pattern: r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/-]{8,}=*)",
        check: is_credential,
    },
    PatternRule {
        name: "cloud-key",
        what: "keys of AWS, Google, GitHub, GitLab, Slack, Stripe, OpenAI, npm, SendGrid, Vault",
        pattern: concat!(
            r"\b(?:(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[A-Z0-9]{16}|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|",
            r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|",
            r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|",
            r"hv[sb]\.[A-Za-z0-9_-]{20,}|whsec_[A-Za-z0-9]{20,})"
        ),
        check: always,
    },
    PatternRule {
        name: "email",
        what: "e-mail addresses",
        pattern: r"(?i)[a-z0-9._%+-]+(?:@|%40)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,}",
        check: always,
    },
    PatternRule {
        name: "card",
        what: "payment card numbers (check digit verified)",
        pattern: r"[0-9](?:[ -]?[0-9]){12,}",
        check: find_card,
    },
];

pub(super) fn always(found: &Found<'_>) -> Option<Range<usize>> {
    Some(found.range.clone())
}

/// Whether a word behind `bearer` or `basic` is a credential: long, or with something that words have not.
fn is_credential(found: &Found<'_>) -> Option<Range<usize>> {
    let text = found.text.get(found.range.clone())?;
    let is_one = text.len() >= 20 || text.bytes().any(|byte| byte.is_ascii_digit() || b"=+/_".contains(&byte));
    is_one.then(|| found.range.clone())
}
