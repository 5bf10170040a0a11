//! What went wrong with the store, in words that say what to do.

use object_store::path::Path as Key;

use super::RemoteStore;
use crate::error::Error;

/// A call that failed, before it has the store's name.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The store refused, or did not answer.
    Store { operation: &'static str, key: Key, error: object_store::Error },
    /// The store did not answer in time.
    Late { operation: &'static str, key: Key, seconds: u64 },
    /// The store's bytes are not what was uploaded.
    Differs { key: Key, detail: String },
    /// Something on this side.
    Here(Error),
}

impl Failed {
    pub(super) fn store(operation: &'static str, key: &Key, error: object_store::Error) -> Self {
        Self::Store { operation, key: key.clone(), error }
    }

    pub(super) const fn is_missing(&self) -> bool {
        matches!(self, Self::Store { error: object_store::Error::NotFound { .. }, .. })
    }

    pub(super) fn into_error(self, place: &RemoteStore) -> Error {
        let (operation, key, message, hint) = match self {
            Self::Here(error) => return error,
            Self::Late { operation, key, seconds } => {
                (operation, key, format!("no answer in {seconds} s"), "check the network and the store's address")
            }
            Self::Differs { key, detail } => (
                "use",
                key,
                detail,
                "somebody changed or damaged the object; restore it from a version or copy of the bucket",
            ),
            Self::Store { operation, key, error } => {
                let hint = hint(&error);
                (operation, key, error.to_string(), hint)
            }
        };
        Error::Remote { operation, key: key.to_string(), store: place.url.clone(), message, hint }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

fn hint(error: &object_store::Error) -> &'static str {
    use object_store::Error as E;
    match error {
        E::NotFound { .. } => {
            "check the bucket's name; an object that is gone has to come from a version or copy of the bucket"
        }
        E::PermissionDenied { .. } => {
            "the credentials need the rights to get, put, delete and list objects of this bucket (s3:GetObject, s3:PutObject, \
             s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload)"
        }
        E::Unauthenticated { .. } => {
            "check the credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the machine"
        }
        _ => {
            "check the network, the store's address (--store-endpoint) and its region (AWS_REGION); uploads are tried again by themselves"
        }
    }
}
