//! Parameters: of the query, and of a form in the body.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;

use super::envelope::Failure;
use super::time;
use crate::limits::QUERY_BODY_BYTES;

/// All parameters, in order; a name may come several times.
#[derive(Debug, Default, Clone)]
pub(super) struct Form(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        let mut pairs = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        if is_form {
            pairs.extend(self::pairs(&read(body).await?));
        }
        Ok(Self(pairs))
    }
}

async fn read(body: Body) -> Result<bytes::Bytes, Failure> {
    let read = axum::body::to_bytes(body, QUERY_BODY_BYTES).await;
    read.map_err(|error| {
        Failure::bad_data(format!("error parsing form values: {error}; at most {QUERY_BODY_BYTES} bytes"))
    })
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

impl Form {
    /// Returns the first value of a parameter; an empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns every value of a parameter.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Returns a time, in milliseconds.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.get(name).map(|text| time::parse(text).map_err(|problem| Failure::parameter(name, problem))).transpose()
    }

    /// Returns a time that must be there.
    pub(super) fn required_time(&self, name: &str) -> Result<i64, Failure> {
        time::parse(self.get(name).unwrap_or_default()).map_err(|problem| Failure::parameter(name, problem))
    }

    /// Returns a duration, in milliseconds.
    pub(super) fn duration(&self, name: &str) -> Result<Option<i64>, Failure> {
        let parse = |text| time::parse_duration(text).map_err(|problem| Failure::parameter(name, problem));
        self.get(name).map(parse).transpose()
    }

    /// Returns `limit`; 0 and nothing are no limit.
    pub(super) fn limit(&self, name: &str) -> Result<Option<usize>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let limit: i64 =
            text.parse().map_err(|_| Failure::parameter(name, format!("cannot parse {text:?} to a number")))?;
        match usize::try_from(limit) {
            Ok(0) => Ok(None),
            Ok(limit) => Ok(Some(limit)),
            Err(_) => Err(Failure::parameter(name, "limit must be non-negative")),
        }
    }
}
