//! The cookie of the login link, and the brake on guessing.
//!
//! The cookie holds a random text of this process, not the token: browsers send cookies of `localhost` to every port.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::{LOGIN_FAILURES_PER_MINUTE, SESSION_SECONDS};

/// The session that this process accepts.
pub struct Session {
    /// Name and value: `name=value`.
    pair: String,
    failures: Mutex<Vec<Instant>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(set)")
    }
}

impl Session {
    /// Makes a new one. The port is in the name since cookies know no ports.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new(ui_port: u16) -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random)?;
        let mut pair = format!("telltale_session_{ui_port}=");
        telltale_model::id::push_hex(&mut pair, &random);
        Ok(Self { pair, failures: Mutex::default() })
    }

    /// Says whether a cookie is this session's.
    #[must_use]
    pub fn is_cookie(&self, pair: &str) -> bool {
        super::same(pair.as_bytes(), self.pair.as_bytes())
    }

    /// Returns the `Set-Cookie` text.
    #[must_use]
    pub fn set_cookie(&self) -> String {
        format!("{}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS}", self.pair)
    }

    /// Says whether another guess is allowed now.
    #[must_use]
    pub fn allows_guess(&self, now: Instant) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|failure| now.duration_since(*failure) < Duration::from_secs(60));
        failures.len() < LOGIN_FAILURES_PER_MINUTE
    }

    /// Remembers a wrong guess.
    pub fn guessed_wrong(&self, now: Instant) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(now);
    }
}
