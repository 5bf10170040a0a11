//! Which keys name a secret: judged by the words of a key, so that `input_tokens` is no token and `sessionId` is a session.

use telltale_story::story::key_fits;

/// A built-in rule by key.
pub(super) struct KeyRule {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Word sequences, each of which is enough.
    words: &'static [&'static [&'static str]],
    /// Whether numbers are replaced too.
    pub(super) numbers: bool,
}

/// The built-in rules, the strongest first.
pub(super) const KEY_RULES: [KeyRule; 5] = [
    KeyRule {
        name: "password",
        what: "values of keys such as password, passwd, pwd, passphrase, pin code",
        words: &[
            &["password"],
            &["passwd"],
            &["pwd"],
            &["passphrase"],
            &["passcode"],
            &["pin", "code"],
            &["otp"],
            &["cvv"],
            &["cvc"],
        ],
        numbers: true,
    },
    KeyRule {
        name: "secret",
        what: "values of keys such as secret, token, api key, access key, private key, credentials, signature",
        words: &[
            &["secret"],
            &["secrets"],
            &["token"],
            &["apikey"],
            &["api", "key"],
            &["access", "key"],
            &["private", "key"],
            &["account", "key"],
            &["credential"],
            &["credentials"],
            &["connection", "string"],
            &["connectionstring"],
            &["bearer"],
            &["jwt"],
        ],
        numbers: false,
    },
    KeyRule {
        name: "header",
        what: "values of the headers authorization, proxy-authorization, cookie, set-cookie, x-api-key",
        words: &[&["authorization"], &["cookie"], &["cookies"]],
        numbers: false,
    },
    KeyRule {
        name: "session",
        what: "values of keys such as session.id",
        words: &[&["session"], &["sessionid"], &["sid"]],
        numbers: true,
    },
    KeyRule {
        name: "person",
        what: "names, e-mail addresses, telephone numbers and streets of people: user.name, user.email, enduser.id",
        words: &[
            &["user", "email"],
            &["user", "name"],
            &["user", "full", "name"],
            &["username"],
            &["enduser", "id"],
            &["email"],
            &["phone"],
            &["first", "name"],
            &["last", "name"],
            &["phonenumber"],
            &["ssn"],
            &["iban"],
            &["street"],
        ],
        numbers: true,
    },
];

/// Last words that say that a key is about a secret without holding it.
const ABOUT: [&str; 16] = [
    "count", "type", "length", "size", "limit", "usage", "expires", "expiry", "duration", "ttl", "used", "total",
    "present", "valid", "name", "state",
];

/// Keys of trace and span ids in texts and attributes: never touched by a key rule.
const IDS: [&[&str]; 4] = [&["trace", "id"], &["span", "id"], &["traceid"], &["spanid"]];

/// Splits a key into lower-case words: at anything that is no letter or digit, and before capitals (`apiKey`).
pub(super) fn words(key: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut last_is_lower = false;
    for character in key.chars() {
        let is_start = character.is_uppercase() && last_is_lower;
        if (!character.is_alphanumeric() || is_start) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        last_is_lower = character.is_lowercase() || character.is_numeric();
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Whether the words hold a sequence.
fn holds(words: &[String], sequence: &[&str]) -> bool {
    words.windows(sequence.len()).any(|window| window.iter().zip(sequence).all(|(word, wanted)| word == wanted))
}

/// Returns the built-in rule of a key.
pub(super) fn rule_of(key: &str) -> Option<&'static KeyRule> {
    let words = words(key);
    if IDS.iter().any(|id| holds(&words, id)) {
        return None;
    }
    let found = KEY_RULES.iter().find(|rule| rule.words.iter().any(|sequence| holds(&words, sequence)))?;
    let is_about = words.len() > 1 && words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    let only_about = is_about && matches!(found.name, "password" | "secret" | "session");
    (!only_about).then_some(found)
}

/// Whether a key fits a pattern, in which `*` stands for any text; case does not matter.
pub(super) fn fits(pattern: &str, key: &str) -> bool {
    key_fits(&pattern.to_lowercase(), &key.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_judged_by_their_words() {
        let rule = |key: &str| rule_of(key).map(|rule| rule.name);
        for (key, expected) in [
            ("password", Some("password")),
            ("db.PASSWORD", Some("password")),
            ("userPassword", Some("password")),
            ("http.request.header.authorization", Some("header")),
            ("http.request.header.set-cookie", Some("header")),
            ("http.request.header.x-api-key", Some("secret")),
            ("aws.secret_access_key", Some("secret")),
            ("accessToken", Some("secret")),
            ("session.id", Some("session")),
            ("sessionId", Some("session")),
            ("user.email", Some("person")),
            ("gen_ai.usage.input_tokens", None),
            ("token_count", None),
            ("token.type", None),
            ("trace_id", None),
            ("session.trace_id", None),
            ("author", None),
            ("compass", None),
            ("http.route", None),
            ("service.name", None),
            ("cookiecutter", None),
        ] {
            assert_eq!(rule(key), expected, "{key}");
        }
        assert!(fits("*.IBAN", "customer.iban") && fits("a*c", "abc") && !fits("a", "ab") && fits("*", ""));
    }
}
