//! What the page signs and compares: the visitors' token, their sessions, and the marks of their forms.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key that signs. It dies with the process: after a restart visitors enter the token once more.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

/// The token that visitors must know. Only a keyed digest of it is kept.
#[derive(Clone)]
pub(super) struct Token {
    key: Secret,
    digest: Vec<u8>,
}

/// How long a session lasts: a night, and the morning after it.
pub(super) const SESSION: Duration = Duration::from_secs(16 * 3600);

/// What a session's cookie says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Which one it is, as no other's.
    pub(super) id: String,
    /// Whether its bearer has shown the token.
    pub(super) knows_token: bool,
}

impl Secret {
    pub(super) fn random() -> Self {
        let mut key = [0; 32];
        key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        Self(key)
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        mac
    }

    fn sign(&self, purpose: &str, text: &str) -> String {
        hex(&self.mac(purpose, text).finalize().into_bytes())
    }

    /// In constant time, as the two that follow.
    fn is_signed(&self, purpose: &str, text: &str, signature: &str) -> bool {
        unhex(signature).is_some_and(|bytes| self.mac(purpose, text).verify_slice(&bytes).is_ok())
    }

    /// A new session's cookie. `now` is in seconds of the monotonic clock since the page began.
    pub(super) fn cookie(&self, session: &Session, now: u64) -> String {
        let text = format!("{}.{}.{now}", session.id, u8::from(session.knows_token));
        format!("{text}.{}", self.sign("session", &text))
    }

    /// The session of a cookie that this process has signed within [`SESSION`].
    pub(super) fn session(&self, cookie: &str, now: u64) -> Option<Session> {
        let (text, signature) = cookie.rsplit_once('.')?;
        if !self.is_signed("session", text, signature) {
            return None;
        }
        let mut parts = text.split('.');
        let (id, knows_token, since) = (parts.next()?, parts.next()?, parts.next()?.parse::<u64>().ok()?);
        let fresh = now.saturating_sub(since) < SESSION.as_secs();
        fresh.then(|| Session { id: id.to_owned(), knows_token: knows_token == "1" })
    }

    /// What a form of this session carries, so that no other site can send one in its name.
    pub(super) fn form_mark(&self, session: &Session) -> String {
        self.sign("form", &session.id)
    }

    pub(super) fn is_form_mark(&self, session: &Session, mark: &str) -> bool {
        self.is_signed("form", &session.id, mark)
    }
}

impl Session {
    pub(super) fn new(knows_token: bool) -> Self {
        Self { id: uuid::Uuid::new_v4().simple().to_string(), knows_token }
    }
}

impl Token {
    /// Shorter ones could be guessed.
    pub(super) const SHORTEST: usize = 16;

    pub(super) fn new(token: &str) -> Self {
        let key = Secret::random();
        let digest = key.mac("token", token).finalize().into_bytes().to_vec();
        Self { key, digest }
    }

    /// Whether that is the token, in constant time.
    pub(super) fn is(&self, given: &str) -> bool {
        self.key.mac("token", given).verify_slice(&self.digest).is_ok()
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (text.len() == 64).then(|| (0..64).step_by(2).map(digits).collect::<Option<Vec<u8>>>()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_believed_as_it_was_signed_and_for_a_night() {
        let secret = Secret::random();
        let session = Session::new(true);
        let cookie = secret.cookie(&session, 100);
        assert_eq!(secret.session(&cookie, 100), Some(session.clone()));
        assert_eq!(secret.session(&cookie, 99 + SESSION.as_secs()), Some(session));
        assert_eq!(secret.session(&cookie, 100 + SESSION.as_secs()), None);
        assert_eq!(Secret::random().session(&cookie, 100), None, "another process's");
        let visitor = Session::new(false);
        let forged = secret.cookie(&visitor, 100).replacen(".0.", ".1.", 1);
        assert_eq!(secret.session(&forged, 100), None);
        for bad in ["", ".", "a.1.100", "a.1.100.", "a.1.100.zz", "é.1.é"] {
            assert_eq!(secret.session(bad, 100), None, "{bad}");
        }
    }

    #[test]
    fn a_form_is_taken_from_its_own_session_only() {
        let secret = Secret::random();
        let (mine, theirs) = (Session::new(false), Session::new(false));
        assert!(secret.is_form_mark(&mine, &secret.form_mark(&mine)));
        assert!(!secret.is_form_mark(&mine, &secret.form_mark(&theirs)));
        assert!(!secret.is_form_mark(&mine, ""));
    }

    #[test]
    fn the_token_is_compared_as_a_whole() {
        let token = Token::new("correct horse battery");
        assert!(token.is("correct horse battery"));
        for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
            assert!(!token.is(wrong), "{wrong}");
        }
    }
}
