//! What is wanted of TLS, from the words that libpq has for it.
//!
//! | sslmode | encrypted | the server's certificate |
//! |---|---|---|
//! | disable | no | |
//! | allow, prefer (default) | if the server can | is not looked at |
//! | require | yes | is not looked at, unless a file of authorities is there |
//! | verify-ca | yes | comes from an authority that is known |
//! | verify-full | yes | and is of the host that was asked for |

use std::path::{Path, PathBuf};

use super::Environment;
use super::database_url::UrlError;

/// What is wanted of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// How much.
    pub mode: TlsMode,
    /// Who is believed.
    pub authorities: Authorities,
    /// Who we are.
    pub identity: Option<ClientIdentity>,
}

/// How much of TLS is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    /// None.
    Disable,
    /// If the server can.
    #[default]
    Prefer,
    /// Nothing goes in clear.
    Require,
    /// And the server's certificate comes from an authority that is known.
    VerifyCa,
    /// And it is of the host that was asked for.
    VerifyFull,
}

/// Who vouches for a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorities {
    /// Nobody that is known.
    #[default]
    None,
    /// Those of the machine.
    System,
    /// Those of a PEM file.
    File(PathBuf),
}

/// A client's certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The parameters of libpq that are about TLS, as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsWords {
    pub(super) mode: Option<String>,
    pub(super) root: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
}

impl TlsWords {
    /// Takes a parameter if it is one of them. `false`: it is none.
    pub(super) fn take(&mut self, name: &str, value: &str) -> bool {
        let word = match name {
            // asyncpg's own name for the parameter is `ssl`.
            "sslmode" | "ssl" => &mut self.mode,
            "sslrootcert" => &mut self.root,
            "sslcert" => &mut self.certificate,
            "sslkey" => &mut self.key,
            _ => return false,
        };
        *word = Some(value.to_owned());
        true
    }

    /// What they come to, with what the PG* variables and the files in ~/.postgresql add.
    pub(super) fn resolve(self, environment: &Environment) -> Result<TlsOptions, UrlError> {
        let word = |word: Option<String>, variable| {
            word.or_else(|| environment.get(variable).map(str::to_owned)).filter(|word| !word.is_empty())
        };
        let home = environment.get("HOME").map(|home| Path::new(home).join(".postgresql"));
        let usual = |name: &str| home.as_ref().map(|home| home.join(name)).filter(|path| path.is_file());
        let written = word(self.mode, "PGSSLMODE");
        let authorities = match word(self.root, "PGSSLROOTCERT").as_deref() {
            Some("system") => Authorities::System,
            Some(path) => Authorities::File(path.into()),
            None => usual("root.crt").map_or(Authorities::None, Authorities::File),
        };
        let mut mode = match written.as_deref() {
            None if authorities == Authorities::System => TlsMode::VerifyFull,
            // `true` and `false` are other drivers' words.
            None | Some("allow" | "prefer") => TlsMode::Prefer,
            Some("disable" | "false") => TlsMode::Disable,
            Some("require" | "true") => TlsMode::Require,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("verify-full") => TlsMode::VerifyFull,
            Some(other) => return Err(UrlError::TlsMode { mode: other.to_owned() }),
        };
        // As libpq: whoever names authorities wants them asked.
        if mode == TlsMode::Require && authorities != Authorities::None {
            mode = TlsMode::VerifyCa;
        }
        // Anybody gets a certificate for some host from the machine's authorities: libpq refuses this too.
        if mode == TlsMode::VerifyCa && authorities == Authorities::System {
            return Err(UrlError::WeakWithSystem);
        }
        if mode >= TlsMode::VerifyCa && authorities == Authorities::None {
            return Err(UrlError::NoAuthorities { mode: written.unwrap_or_default() });
        }
        let certificate = word(self.certificate, "PGSSLCERT").map(PathBuf::from);
        let key = word(self.key, "PGSSLKEY").map(PathBuf::from);
        let identity = match (
            certificate.or_else(|| usual("postgresql.crt")),
            key.or_else(|| usual("postgresql.key")),
        ) {
            (Some(certificate), Some(key)) => Some(ClientIdentity { certificate, key }),
            (None, None) => None,
            (Some(certificate), None) => {
                return Err(UrlError::HalfIdentity { there: certificate, missing: "sslkey" });
            }
            (None, Some(key)) => return Err(UrlError::HalfIdentity { there: key, missing: "sslcert" }),
        };
        Ok(TlsOptions { mode, authorities, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[(&str, &str)]) -> TlsWords {
        let mut taken = TlsWords::default();
        for (name, value) in words {
            assert!(taken.take(name, value), "{name}");
        }
        taken
    }

    fn resolve(written: &[(&str, &str)]) -> Result<TlsOptions, UrlError> {
        words(written).resolve(&Environment::default())
    }

    #[test]
    fn words_mean_what_they_mean_to_libpq() {
        let mode = |written: &[(&str, &str)]| resolve(written).unwrap().mode;
        assert_eq!(mode(&[]), TlsMode::Prefer);
        assert_eq!(mode(&[("sslmode", "disable")]), TlsMode::Disable);
        assert_eq!(mode(&[("ssl", "require")]), TlsMode::Require);
        assert_eq!(mode(&[("sslmode", "require"), ("sslrootcert", "ca.pem")]), TlsMode::VerifyCa);
        assert_eq!(mode(&[("sslmode", "verify-full"), ("sslrootcert", "ca.pem")]), TlsMode::VerifyFull);
        assert_eq!(mode(&[("sslrootcert", "system")]), TlsMode::VerifyFull);
        let both = resolve(&[("sslcert", "me.crt"), ("sslkey", "me.key")]).unwrap().identity.unwrap();
        assert_eq!((both.certificate, both.key), ("me.crt".into(), "me.key".into()));
    }

    #[test]
    fn what_would_not_protect_is_refused() {
        assert!(
            matches!(resolve(&[("sslmode", "verify")]), Err(UrlError::TlsMode { mode }) if mode == "verify")
        );
        assert!(matches!(resolve(&[("sslmode", "verify-full")]), Err(UrlError::NoAuthorities { .. })));
        let weak = [("sslmode", "verify-ca"), ("sslrootcert", "system")];
        assert!(matches!(resolve(&weak), Err(UrlError::WeakWithSystem)));
        assert!(matches!(
            resolve(&[("sslcert", "me.crt")]),
            Err(UrlError::HalfIdentity { missing: "sslkey", .. })
        ));
    }

    #[test]
    fn variables_fill_what_the_url_leaves_open() {
        let environment = Environment::from([("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", "/ca.pem")]);
        let options = TlsWords::default().resolve(&environment).unwrap();
        assert_eq!(options.mode, TlsMode::VerifyFull);
        assert_eq!(options.authorities, Authorities::File("/ca.pem".into()));
        assert_eq!(words(&[("sslmode", "disable")]).resolve(&environment).unwrap().mode, TlsMode::Disable);
    }
}
