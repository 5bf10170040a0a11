//! The escape by which Grafana and Prometheus write names that are not legacy ones: `U__http_2e_method`.

/// What an escaped name begins with.
const PREFIX: &str = "U__";

/// Returns the name that an escape stands for; a text that is not a well-formed escape stays as it is.
#[must_use]
pub fn unescape(name: &str) -> String {
    name.strip_prefix(PREFIX).and_then(decode).unwrap_or_else(|| name.to_owned())
}

fn decode(mut rest: &str) -> Option<String> {
    let mut out = String::with_capacity(rest.len());
    while let Some((plain, after)) = rest.split_once('_') {
        out.push_str(plain);
        if let Some(after) = after.strip_prefix('_') {
            out.push('_');
            rest = after;
            continue;
        }
        let (hex, after) = after.split_once('_')?;
        if hex.is_empty() || hex.len() > 6 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        out.push(u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Returns a name as an escape; a legacy name stays as it is unless it looks like an escape itself.
#[must_use]
pub fn escape(name: &str) -> String {
    if crate::name::is_legacy_label(name) && !name.starts_with(PREFIX) {
        return name.to_owned();
    }
    let mut out = PREFIX.to_owned();
    for c in name.chars() {
        match c {
            '_' => out.push_str("__"),
            c if c.is_ascii_alphanumeric() => out.push(c),
            c => out.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grafanas_spelling_is_understood() {
        assert_eq!(unescape("U__http_2e_method"), "http.method");
        assert_eq!(unescape("U__a__b"), "a_b");
        assert_eq!(unescape("http_method"), "http_method");
        for broken in ["U__a_zz_", "U__a_2e", "U__a_d800_", "U__a_1234567_"] {
            assert_eq!(unescape(broken), broken);
        }
    }

    proptest! {
        #[test]
        fn an_escaped_name_comes_back(name in ".{1,20}") {
            let escaped = escape(&name);
            prop_assert!(crate::name::is_legacy_label(&escaped));
            prop_assert_eq!(unescape(&escaped), name);
        }
    }
}
