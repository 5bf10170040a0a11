//! The links to single traces, in `shares.json` beside the data.
//!
//! A token is 32 random bytes; only its hash is kept, so that whoever reads the file can open nothing. Each link has a key
//! for its pseudonyms, so that a page looks the same whenever it is opened. The file is written whole and renamed, and synced
//! before a link is handed out or a revocation is confirmed: both must survive a power cut.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use telltale_api::Nanos;
use telltale_api::share::ShareLink;
use telltale_model::TraceId;

use crate::limits::SHARES_KEPT;
use crate::whole_file;

/// The file's name.
const FILE: &str = "shares.json";
/// Bytes of a token and of a key.
const SECRET_BYTES: usize = 32;
/// Characters of a token in a path.
const TOKEN_CHARACTERS: usize = 43;

/// A link as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    link: ShareLink,
    /// SHA-256 of the token, hex.
    token_hash: String,
    /// The key of its pseudonyms, hex.
    key: String,
}

/// A link that was found by its token.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The link.
    pub link: ShareLink,
    /// The key of its pseudonyms.
    pub key: [u8; SECRET_BYTES],
}

/// Why a link cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// As many links as there may be.
    #[error("there are {0} links already; revoke one first")]
    Full(usize),
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The file cannot be written.
    #[error("{}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// The links of a store.
#[derive(Debug, Default)]
pub struct Book {
    /// Where they are kept; none keeps them in memory alone.
    path: Option<PathBuf>,
    links: Mutex<Vec<Kept>>,
}

impl Book {
    /// Reads the links of a data folder. A file that cannot be read is set aside and said: no link of it opens.
    #[must_use]
    pub fn open(data_dir: &Path) -> Self {
        let path = data_dir.join(FILE);
        let links = whole_file::read(&path);
        Self { path: Some(path), links: Mutex::new(links) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a link and returns it with its token, which is told this once. Blocks on the disk.
    ///
    /// # Errors
    /// See [`BookError`]; there is no link then.
    pub fn create(
        &self,
        trace: &TraceId,
        now: Nanos,
        expires: Nanos,
        without: Vec<String>,
    ) -> Result<(ShareLink, String), BookError> {
        let (token, key) = (random()?, random()?);
        let token = URL_SAFE_NO_PAD.encode(token);
        let token_hash = hash(&token);
        let link = ShareLink {
            id: token_hash.chars().take(12).collect(),
            trace_id: trace.to_hex(),
            created_unix_nano: now,
            expires_unix_nano: expires,
            without,
        };
        let mut links = self.lock();
        let mut next: Vec<Kept> = links.iter().filter(|kept| kept.link.expires_unix_nano > now).cloned().collect();
        if next.len() >= SHARES_KEPT {
            return Err(BookError::Full(next.len()));
        }
        next.insert(0, Kept { link: link.clone(), token_hash, key: hex(&key) });
        self.write(&next)?;
        *links = next;
        Ok((link, token))
    }

    /// Returns the links that hold, newest first.
    #[must_use]
    pub fn list(&self, now: Nanos) -> Vec<ShareLink> {
        let links = self.lock();
        links.iter().map(|kept| &kept.link).filter(|link| link.expires_unix_nano > now).cloned().collect()
    }

    /// Ends a link. Returns it; none when there is no such link. Blocks on the disk.
    ///
    /// # Errors
    /// The file cannot be written; the link holds on.
    pub fn revoke(&self, id: &str) -> Result<Option<ShareLink>, BookError> {
        let mut links = self.lock();
        let Some(found) = links.iter().find(|kept| kept.link.id == id).map(|kept| kept.link.clone()) else {
            return Ok(None);
        };
        let next: Vec<Kept> = links.iter().filter(|kept| kept.link.id != id).cloned().collect();
        self.write(&next)?;
        *links = next;
        Ok(Some(found))
    }

    /// Returns the link of a token that holds now. Unknown, revoked and expired look the same.
    #[must_use]
    pub fn find(&self, token: &str, now: Nanos) -> Option<Opened> {
        let is_token = token.len() == TOKEN_CHARACTERS && token.bytes().all(is_token_byte);
        if !is_token {
            return None;
        }
        let wanted = hash(token);
        let links = self.lock();
        let mut found = None;
        // Every hash is compared, in constant time: how long it takes tells nothing.
        for kept in links.iter() {
            let is_it = crate::security::same(kept.token_hash.as_bytes(), wanted.as_bytes());
            if is_it && kept.link.expires_unix_nano > now {
                found = Some(kept);
            }
        }
        let kept = found?;
        let key = telltale_model::id::decode_hex::<SECRET_BYTES>(&kept.key).ok()?;
        Some(Opened { link: kept.link.clone(), key })
    }

    /// Writes the file whole, or leaves the old one.
    fn write(&self, links: &[Kept]) -> Result<(), BookError> {
        let Some(path) = &self.path else { return Ok(()) };
        let write = || -> std::io::Result<()> {
            let new = path.with_extension("json.new");
            let mut file = private(&new)?;
            file.write_all(&serde_json::to_vec_pretty(links)?)?;
            file.sync_all()?;
            std::fs::rename(&new, path)?;
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        write().map_err(|error| BookError::Write { path: path.clone(), error })
    }
}

/// Creates a file that only its owner reads: it has the keys of the pseudonyms.
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Returns random bytes of the system.
pub(crate) fn random() -> Result<[u8; SECRET_BYTES], getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    telltale_model::id::push_hex(&mut out, bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> TraceId {
        TraceId::from_slice(&[7; 16]).unwrap()
    }

    /// Scenario: links are made, opened, revoked, and the program starts anew. Guarantees: a token opens its own link until
    /// it ends or is revoked, also after the restart, and with the same key; the file does not hold the token.
    #[test]
    fn links_hold_until_they_end() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::open(folder.path());
        let (link, token) = book.create(&trace(), Nanos(10), Nanos(100), vec!["email".into()]).unwrap();
        let (other, other_token) = book.create(&trace(), Nanos(11), Nanos(200), vec![]).unwrap();
        assert_ne!((&link.id, &token), (&other.id, &other_token));
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!text.contains(&token) && text.contains(&link.id), "{text}");
        let opened = book.find(&token, Nanos(99)).unwrap();
        assert_eq!(opened.link, link);
        let again = Book::open(folder.path());
        assert_eq!(again.find(&token, Nanos(99)).unwrap().key, opened.key, "pseudonyms stay the same");
        assert_eq!(again.list(Nanos(50)), [other.clone(), link]);
        assert!(again.find(&token, Nanos(100)).is_none(), "it has ended");
        assert_eq!(again.list(Nanos(100)), std::slice::from_ref(&other));
        assert_eq!(again.revoke(&other.id).unwrap(), Some(other.clone()));
        assert!(again.find(&other_token, Nanos(50)).is_none(), "it was revoked");
        assert_eq!(again.revoke(&other.id).unwrap(), None);
        assert!(Book::open(folder.path()).find(&other_token, Nanos(50)).is_none(), "for good");
        for wrong in [
            "",
            "x",
            token.get(1..).unwrap(),
            &format!("{token}x"),
            &token.replace(|c: char| c.is_ascii_lowercase(), "!"),
        ] {
            assert!(again.find(wrong, Nanos(50)).is_none(), "{wrong}");
        }
    }

    /// Scenario: as many links as there may be; a damaged file. Guarantees: the next is refused by number until one ends; a
    /// damaged file is set aside and opens nothing.
    #[test]
    fn the_bound_holds_and_damage_opens_nothing() {
        let book = Book::default();
        for _ in 0..SHARES_KEPT {
            book.create(&trace(), Nanos(1), Nanos(10), vec![]).unwrap();
        }
        let refused = book.create(&trace(), Nanos(1), Nanos(10), vec![]).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("there are {SHARES_KEPT} links")), "{refused}");
        book.create(&trace(), Nanos(10), Nanos(20), vec![]).expect("those that ended make room");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "[{").unwrap();
        assert!(Book::open(folder.path()).list(Nanos(0)).is_empty());
        assert!(folder.path().join("shares.json.damaged").exists());
    }
}
