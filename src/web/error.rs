//! Why there is no page.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::secret::Token;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The address can't be listened at.
    #[error("can't listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Others reach the address, and nothing would keep them out.
    #[error("the page would be open to everybody who reaches {address}")]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The token's file can't be read.
    #[error("can't read the page's token from {}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The token could be guessed.
    #[error("the page's token is too short: {length} characters, and {} are the least", Token::SHORTEST)]
    ShortToken {
        /// What it has.
        length: usize,
    },
    /// A header is to be believed whoever sends it, or proxies are named that say nothing.
    #[error("{given} says nothing without {missing}")]
    HalfProxy {
        /// The option that is there.
        given: &'static str,
        /// The option that is not.
        missing: &'static str,
    },
    /// No header has such a name.
    #[error("`{name}` is no name of a header")]
    BadHeader {
        /// As it was written.
        name: String,
    },
    /// There is no thread for it.
    #[error("can't start the page")]
    Start {
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl PageError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { source, .. } => match source.kind() {
                std::io::ErrorKind::AddrInUse => {
                    Some("is a page running there already? --listen names another address; port 0 takes a free one".into())
                }
                std::io::ErrorKind::PermissionDenied => Some("ports below 1024 take the right to use them".into()),
                _ => Some("--listen names an address of this machine and a port, like 127.0.0.1:8765".into()),
            },
            Self::Open { .. } => Some(
                "give it a token (--token-file FILE, or LONGHAUL_PAGE_TOKEN), or put it behind a proxy that knows its people \
                 (--trust-header NAME --trust-proxy ADDRESS), or listen at 127.0.0.1"
                    .into(),
            ),
            Self::TokenFile { .. } => Some("`openssl rand -hex 32 > FILE` makes one".into()),
            Self::ShortToken { .. } => Some("`openssl rand -hex 32` makes one that nobody guesses".into()),
            Self::HalfProxy { .. } => Some(
                "--trust-header X-Forwarded-User --trust-proxy 10.0.0.7 believes that header from that address".into(),
            ),
            Self::BadHeader { .. } => Some("write it like X-Forwarded-User".into()),
            Self::Start { .. } => None,
        }
    }

    /// It is about what was asked for, and not about the machine.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Listen { .. } | Self::Start { .. })
    }
}
