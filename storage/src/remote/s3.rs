//! A bucket of Amazon S3, or of a server that speaks its protocol (MinIO, Ceph, Garage, R2 and others).
//!
//! Credentials come from where the tools of AWS take them: the environment (`AWS_ACCESS_KEY_ID`, …), a role of the container or of the
//! machine, or the profile in `~/.aws`. Paths have the bucket in them (`https://host/bucket/key`) unless
//! `AWS_VIRTUAL_HOSTED_STYLE_REQUEST=true` asks for `https://bucket.host/key`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ClientConfigKey, RetryConfig};

use super::location::wrong;
use super::{RemoteStore, Upload};
use crate::error::Error;
use crate::limits::{REMOTE_CONNECT_WAIT, REMOTE_REQUEST_WAIT};

/// Reads an environment variable; a function so that tests need no process-wide state.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables with which the environment says where credentials come from, strongest before the profile.
const CREDENTIALS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Opens the bucket of `s3://bucket/folder`; `rest` is what follows the scheme. Nothing is asked yet.
pub(super) fn open(url: &str, rest: &str, endpoint: Option<&str>, upload: Upload) -> Result<RemoteStore, Error> {
    let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || !bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        return Err(wrong(
            url,
            "the bucket's name is missing or has a character that none has",
            "write s3://BUCKET/FOLDER",
        ));
    }
    let environment = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let builder = configured(AmazonS3Builder::from_env(), endpoint, &Profile::read(&environment));
    let built = builder.with_bucket_name(bucket).build();
    let hint = "check --store-endpoint and the environment variables that begin with AWS_";
    let store = built.map_err(|error| wrong(url, &error.to_string(), hint))?;
    Ok(RemoteStore::new(Arc::new(store), folder, url, upload))
}

/// Adds what the environment did not say.
fn configured(mut builder: AmazonS3Builder, endpoint: Option<&str>, profile: &Profile) -> AmazonS3Builder {
    if let Some(endpoint) = endpoint {
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    if builder.get_config_value(&AmazonS3ConfigKey::Region).is_none() {
        builder = builder.with_region(profile.region.as_deref().unwrap_or("us-east-1"));
    }
    if let Some((key, secret)) = profile.key.as_ref().zip(profile.secret.as_ref()) {
        builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        if let Some(token) = &profile.token {
            builder = builder.with_token(token);
        }
    }
    // Whoever writes http:// has decided.
    let endpoints = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let is_plain = |key| builder.get_config_value(key).is_some_and(|endpoint| endpoint.starts_with("http://"));
    if endpoints.iter().any(is_plain) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp), "true");
    }
    let seconds = |wait: Duration| format!("{} seconds", wait.as_secs());
    let retry = RetryConfig { max_retries: 2, retry_timeout: REMOTE_REQUEST_WAIT, ..RetryConfig::default() };
    builder
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), seconds(REMOTE_REQUEST_WAIT))
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), seconds(REMOTE_CONNECT_WAIT))
        .with_retry(retry)
}

/// What the files of the AWS tools say of a profile.
#[derive(Debug, Default, PartialEq, Eq)]
struct Profile {
    key: Option<String>,
    secret: Option<String>,
    token: Option<String>,
    region: Option<String>,
}

impl Profile {
    /// Reads `AWS_PROFILE` (or `default`) of `~/.aws/credentials` and `~/.aws/config`; keys only where the environment has no credentials.
    fn read(environment: Environment<'_>) -> Self {
        let name = environment("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        let file = |variable: &str, name: &str| {
            let path = environment(variable).map(PathBuf::from);
            let path = path.or_else(|| Some(PathBuf::from(environment("HOME")?).join(".aws").join(name)))?;
            std::fs::read_to_string(path).ok()
        };
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials").unwrap_or_default();
        let config = file("AWS_CONFIG_FILE", "config").unwrap_or_default();
        let section = if name == "default" { name.clone() } else { format!("profile {name}") };
        let find = |key| value(&credentials, &name, key).or_else(|| value(&config, &section, key));
        let region = find("region");
        if CREDENTIALS.iter().any(|variable| environment(variable).is_some()) {
            return Self { region, ..Self::default() };
        }
        Self {
            key: find("aws_access_key_id"),
            secret: find("aws_secret_access_key"),
            token: find("aws_session_token"),
            region,
        }
    }
}

/// Returns the value of a key in a section of an INI file.
fn value(text: &str, section: &str, key: &str) -> Option<String> {
    let lines = text.lines().map(str::trim);
    let is_header = |line: &&str| line.starts_with('[');
    let mut inside = lines
        .skip_while(|line| {
            line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).map(str::trim) != Some(section)
        })
        .skip(1)
        .take_while(|line| !is_header(line));
    inside.find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: two profiles in the files of the AWS tools. Guarantees: the named one is read; the environment's credentials are stronger; its region is not touched.
    #[test]
    fn a_profile_is_read_where_the_environment_has_no_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let (credentials, config) = (folder.path().join("credentials"), folder.path().join("config"));
        std::fs::write(&credentials, "[default]\naws_access_key_id=A\n[ team ]\n# a comment\naws_access_key_id = B\naws_secret_access_key = s=1\n")
            .unwrap();
        std::fs::write(&config, "[profile team]\nregion = eu-central-1\n[default]\nregion=eu-west-1\n").unwrap();
        let read = |more: &[(&str, &str)]| {
            let environment = |name: &str| match name {
                "AWS_SHARED_CREDENTIALS_FILE" => Some(credentials.display().to_string()),
                "AWS_CONFIG_FILE" => Some(config.display().to_string()),
                name => more.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
            };
            Profile::read(&environment)
        };
        let text = |text: &str| Some(text.to_owned());
        let team = Profile { key: text("B"), secret: text("s=1"), token: None, region: text("eu-central-1") };
        assert_eq!(read(&[("AWS_PROFILE", "team")]), team);
        assert_eq!(read(&[]).region, text("eu-west-1"));
        let strong = read(&[("AWS_PROFILE", "team"), ("AWS_ACCESS_KEY_ID", "C")]);
        assert_eq!(strong, Profile { region: text("eu-central-1"), ..Profile::default() });
    }

    #[test]
    fn an_address_has_a_bucket_and_a_plain_endpoint_is_allowed() {
        let text = open("s3:///folder", "/folder", None, Upload::All).unwrap_err().to_string();
        assert!(text.contains("s3:///folder") && text.contains("hint: write s3://BUCKET/FOLDER"), "{text}");
        let plain = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
        let of = |endpoint| configured(AmazonS3Builder::new(), Some(endpoint), &Profile::default());
        assert_eq!(of("http://127.0.0.1:9000").get_config_value(&plain).as_deref(), Some("true"));
        assert_ne!(of("https://minio.example").get_config_value(&plain).as_deref(), Some("true"));
        assert_eq!(of("https://m").get_config_value(&AmazonS3ConfigKey::Region).as_deref(), Some("us-east-1"));
    }
}
