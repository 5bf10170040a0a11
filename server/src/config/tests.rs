//! Settings: precedence, errors, addresses, and that the table is the command line.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const HOME: (&str, &str) = ("HOME", "/home/somebody");

fn load(flags: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let flags = flags.iter().fold(Flags::default(), |flags, (name, text)| flags.with(name, text));
    let variables: HashMap<&str, &str> = environment.iter().copied().chain([HOME]).collect();
    Config::load(&flags, &|name| variables.get(name).map(|text| (*text).to_owned()))
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("settings.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn defaults_are_those_of_the_contract() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.listen, Bind::Loopback { port: 3000 });
    assert_eq!(config.otlp_grpc, Bind::Loopback { port: 4317 });
    assert_eq!(config.otlp_http, Bind::Loopback { port: 4318 });
    assert_eq!(config.listen.addresses(), ["127.0.0.1:3000".parse().unwrap(), "[::1]:3000".parse().unwrap()]);
    assert_eq!(config.max_request_bytes, 64 << 20);
    assert_eq!((config.ack, config.token.is_none(), config.insecure), (AckMode::Fsync, true, false));
    let days = |days: u64| Some(Duration::from_secs(days * 24 * 3_600));
    let kept = Retention { traces: days(7), logs: days(7), metrics: days(30), bytes_max: None };
    assert_eq!((config.retention, config.is_size_set, config.free_bytes_min), (kept, false, 256 << 20));
    #[cfg(target_os = "linux")]
    {
        assert_eq!(config.data_dir, Some(PathBuf::from("/home/somebody/.local/share/telltale")));
        let config = load(&[], &[("XDG_DATA_HOME", "/data")]).unwrap();
        assert_eq!(config.data_dir, Some(PathBuf::from("/data/telltale")));
    }
    assert_eq!(load(&[("ephemeral", "true")], &[]).unwrap().data_dir, None);
}

#[test]
fn zero_keeps_for_ever_and_a_size_is_what_somebody_says() {
    let config = load(&[("keep-traces-days", "0"), ("keep-mib", "100")], &[("TELLTALE_KEEP_LOGS_DAYS", "1")]).unwrap();
    assert_eq!((config.retention.traces, config.retention.bytes_max), (None, Some(100 << 20)));
    assert_eq!(config.retention.logs, Some(Duration::from_secs(24 * 3_600)));
    let config = load(&[("keep-mib", "0"), ("min-free-mib", "1")], &[]).unwrap();
    assert_eq!((config.retention.bytes_max, config.is_size_set, config.free_bytes_min), (None, true, 1 << 20));
    let error = load(&[("keep-metrics-days", "40000")], &[]).unwrap_err().to_string();
    assert!(error.contains("keep-metrics-days") && error.contains("40000"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Scenario: each source gives or does not give the setting. Guarantees: the strongest that gives it holds.
    #[test]
    fn flag_then_environment_then_file_then_default(
        flag in prop::option::of(1_u64..1024),
        environment in prop::option::of(1_u64..1024),
        in_file in prop::option::of(1_u64..1024),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let text = in_file.map(|mib| format!("max_request_mib = {mib}\n")).unwrap_or_default();
        let path = file(folder.path(), &text);
        let flag_text = flag.map(|mib| mib.to_string());
        let environment_text = environment.map(|mib| mib.to_string());
        let mut flags = vec![("config", path.as_str())];
        flags.extend(flag_text.as_deref().map(|text| ("max-request-mib", text)));
        let variables: Vec<_> = environment_text.iter().map(|text| ("TELLTALE_MAX_REQUEST_MIB", text.as_str())).collect();
        let config = load(&flags, &variables).unwrap();
        let expected = flag.or(environment).or(in_file).unwrap_or(64);
        prop_assert_eq!(config.max_request_bytes as u64, expected << 20);
    }
}

/// Every setting has its three names, and a value that it cannot take is refused from each of them, naming all three facts.
#[test]
fn errors_name_the_setting_the_value_and_where_it_came_from() {
    let bad = [
        ("listen", "nonsense:port"),
        ("otlp-grpc", "127.0.0.1"),
        ("otlp-http", "host.example.com:1"),
        ("ephemeral", "perhaps"),
        ("ack", "never"),
        ("insecure", "perhaps"),
        ("public-host", "has space"),
        ("cors-origin", "example.com"),
        ("cors-origin", "*"),
        ("max-request-mib", "0"),
        ("max-request-mib", "many"),
        ("store-cache-mib", "511"),
    ];
    for (name, value) in bad {
        let env = setting::env_name(name);
        let error = load(&[(name, value)], &[]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(value) && error.contains(&format!("--{name}")), "{error}");
        assert!(error.contains("hint: "), "{error}");
        let error = load(&[], &[(env.as_str(), value)]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(value) && error.contains(&env), "{error}");
        let kind = setting::SETTINGS.iter().find(|setting| setting.name == name).unwrap().kind;
        if matches!(kind, setting::Kind::Text | setting::Kind::List) {
            let folder = tempfile::tempdir().unwrap();
            let path = file(folder.path(), &format!("{} = \"{value}\"\n", name.replace('-', "_")));
            let error = load(&[("config", &path)], &[]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value) && error.contains(&path), "{error}");
        }
    }
}

#[test]
fn a_token_is_never_shown() {
    for token in ["s3cr3t", "s3cr3t with space"] {
        let error = load(&[("token", token)], &[]).unwrap_err().to_string();
        assert!(!error.contains(token), "{error}");
    }
    let config = load(&[("token", "abcdefgh-12345678")], &[]).unwrap();
    assert!(!format!("{config:?}").contains("abcdefgh"));
    assert_eq!(config.token.unwrap().reveal(), "abcdefgh-12345678");
}

#[test]
fn the_file_takes_no_unknown_keys_and_no_wrong_types() {
    let parse = |text: &str| file::parse(Path::new("t.toml"), text).map(|values| values.values);
    let error = |text: &str| parse(text).unwrap_err().to_string();
    assert!(error("lisen = 3000").contains("did you mean `listen`"), "{}", error("lisen = 3000"));
    assert!(error("otlp_grcp = 3000").contains("did you mean `otlp_grpc`"));
    assert!(error("something_else = 1").contains("the settings are listen, otlp_grpc"));
    assert!(error("config = \"x\"").contains("no setting is called `config`"), "a file cannot name another");
    assert!(error("listen = true").contains("takes a text"));
    assert!(error("insecure = \"yes\"").contains("takes true or false"));
    assert!(error("listen = ").contains("t.toml"));
    let values = parse("listen = 3000\ncors-origin = [\"https://a.example\", \"https://b.example\"]\n").unwrap();
    assert_eq!(values["listen"], ["3000"]);
    assert_eq!(values["cors-origin"].len(), 2, "both spellings of a key are understood");
    let missing = load(&[("config", "/does/not/exist.toml")], &[]).unwrap_err().to_string();
    assert!(missing.contains("/does/not/exist.toml") && missing.contains("--config"), "{missing}");
    let missing = load(&[], &[("TELLTALE_CONFIG", "/does/not/exist.toml")]).unwrap_err().to_string();
    assert!(missing.contains("TELLTALE_CONFIG"), "{missing}");
}

#[test]
fn addresses_that_others_reach_need_a_token_or_a_word() {
    for setting in ["listen", "otlp-grpc", "otlp-http"] {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:4317", "[2001:db8::1]:1"] {
            let error = load(&[(setting, address)], &[]).unwrap_err().to_string();
            assert!(error.contains(setting) && error.contains("--token") && error.contains("--insecure"), "{error}");
            load(&[(setting, address), ("insecure", "true")], &[]).unwrap();
            load(&[(setting, address)], &[("TELLTALE_TOKEN", "abcdefgh-12345678")]).unwrap();
        }
        for address in ["127.0.0.1:0", "127.1.2.3:1", "[::1]:0", "localhost:0", "0", ":0", "[::ffff:127.0.0.1]:0"] {
            load(&[(setting, address)], &[]).unwrap();
        }
    }
}

#[test]
fn lists_are_repeated_flags_commas_or_arrays_and_empty_variables_are_unset() {
    let config = load(&[("public-host", "A.example"), ("public-host", "b.example")], &[]).unwrap();
    assert_eq!(config.public_hosts, ["a.example", "b.example"]);
    let config =
        load(&[], &[("TELLTALE_CORS_ORIGIN", "https://a.example, https://b.example:8443"), ("TELLTALE_LISTEN", "")]);
    let config = config.unwrap();
    assert_eq!(config.cors_origins, ["https://a.example", "https://b.example:8443"]);
    assert_eq!(config.listen, Bind::Loopback { port: 3000 });
}

/// The command line is made from the table: every setting is a flag, named in the help with its variable and its key.
#[test]
fn the_help_names_every_setting() {
    use clap::{Args as _, FromArgMatches as _};
    let mut command = Flags::augment_args(clap::Command::new("telltale"));
    let help = command.render_long_help().to_string();
    for setting in setting::SETTINGS {
        assert!(help.contains(&format!("--{}", setting.name)), "{}", setting.name);
        assert!(help.contains(&setting.env()), "{}", setting.name);
        assert!(!setting.help.is_empty() && !setting.help.ends_with('.'));
    }
    let matches =
        command.get_matches_from(["telltale", "--listen", "1", "--ephemeral", "--cors-origin=a", "--cors-origin=b"]);
    let flags = Flags::from_arg_matches(&matches).unwrap();
    assert_eq!(flags.get("listen"), Some(&vec!["1".to_owned()]));
    assert_eq!(flags.get("ephemeral"), Some(&vec!["true".to_owned()]));
    assert_eq!(flags.get("cors-origin"), Some(&vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(flags.get("ack"), None);
}

#[test]
fn facts_of_the_file_stand_on_top_of_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let text = "listen = 0\n[[fact]]\nlabel = 'Order'\nfrom = 'order.id'\n[[fact]]\nlabel = 'User'\nkeys = ['login']\nredact = true\n";
    let path = file(folder.path(), text);
    let config = load(&[("config", &path)], &[]).unwrap();
    assert_eq!((config.listen, config.facts.facts[0].label.as_str()), (Bind::Loopback { port: 0 }, "Order"));
    let user = config.facts.facts.iter().find(|rule| rule.label == "User").unwrap();
    assert_eq!((user.keys.as_slice(), user.redact), (&["login".to_owned()][..], true));
    assert_eq!(load(&[], &[]).unwrap().facts, FactConfig::default());
}

#[test]
fn a_fact_that_is_not_understood_is_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "listen = 0\n\n[[fact]]\nlabel = 'Order'\nkeys = ['order.id']\npick = 'newest'\n");
    let error = load(&[("config", &path)], &[]).unwrap_err().to_string();
    assert!(
        error.contains("line 6, column 8: unknown variant `newest`") && error.contains("hint: a fact is"),
        "{error}"
    );
    let path = file(folder.path(), "[[fact]]\nlabel = 'Order'\nkeys = ['order.id']\nwhere = 'kind=serve'\n");
    let error = load(&[("config", &path)], &[]).unwrap_err().to_string();
    assert!(error.contains("line 4, column 9: `serve` is no kind of a span"), "{error}");
}

/// Scenario: a `[redact]` table, and tables that cannot be. Guarantees: rules are read; errors name the line and the rule.
#[test]
fn redaction_rules_are_read_from_the_file() {
    let parse = |text: &str| file::parse(Path::new("t.toml"), text);
    let rules = parse("listen = 1\n[redact]\nwithout = [\"email\"]\nkeep = [\"session.*\"]\n[[redact.rule]]\nname = \"order\"\npattern = \"ORD-[0-9]+\"\n").unwrap().redact;
    assert!(rules.defaults && rules.without == ["email"] && rules.keep == ["session.*"]);
    assert_eq!(rules.rules[0].pattern.as_deref(), Some("ORD-[0-9]+"));
    for (text, needle) in [
        ("\n[redact]\nwithot = []\n", "line 3"),
        ("\n\n[redact]\nwithout = [\"emial\"]\n", "line 3, column 1: there is no redaction rule \"emial\""),
        ("[[redact.rule]]\nname = \"x\"\n", "neither keys nor a pattern"),
        ("[[redact.rule]]\nname = \"x\"\npattern = \"(\"\n", "unclosed group"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(needle) && error.contains("[[redact.rule]]"), "{error}");
    }
}
