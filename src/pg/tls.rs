//! TLS as libpq has it, on rustls: encryption without a look at the certificate, a known authority, and the right host.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{Authorities, ClientIdentity, TlsMode, TlsOptions};

/// Why TLS can't be had as it is wanted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or has nothing that is needed in it.
    #[error("no {what} in {}", .path.display())]
    File {
        /// What was to be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The machine has no authorities.
    #[error("no certificate authority is known on this machine")]
    NoSystem,
    /// What was read doesn't fit together.
    #[error("TLS can't be set up")]
    Setup(#[from] Error),
}

impl TlsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "is the path right, and is it a PEM file that this account may read?",
            Self::NoSystem => "install the package `ca-certificates`, or name a file: sslrootcert=ca.pem",
            Self::Setup(_) => "does the key (sslkey) belong to the certificate (sslcert)?",
        }
    }
}

/// What to do about a connection that came to nothing over TLS; `None`: TLS is not the reason.
#[must_use]
pub fn hint(error: &tokio_postgres::Error) -> Option<&'static str> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // An I/O error doesn't count what it was made from as its source.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref::<Error>());
        match tls {
            Some(Error::InvalidCertificate(_)) => {
                return Some(
                    "is sslrootcert the authority of the server's certificate, and is the certificate of this host?",
                );
            }
            Some(_) => {
                return Some("does the server speak TLS as it should, and want a certificate of ours?");
            }
            None => cause = error.source(),
        }
    }
    None
}

/// Makes the TLS side of connections. Cheap to clone.
#[derive(Clone)]
pub struct Tls(MakeRustlsConnect);

impl Tls {
    /// For tokio-postgres, which takes it away.
    #[must_use]
    pub fn maker(&self) -> MakeRustlsConnect {
        self.0.clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// Makes TLS connections as they are wanted. Reads the files that are named.
pub fn connector(options: &TlsOptions) -> Result<Tls, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let believed = match options.mode {
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => None,
        mode @ (TlsMode::VerifyCa | TlsMode::VerifyFull) => {
            Some(Believed::new(&options.authorities, mode, provider.clone())?)
        }
    };
    let verifier = Arc::new(Verifier { provider: provider.clone(), believed });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match &options.identity {
        None => config.with_no_client_auth(),
        Some(ClientIdentity { certificate, key }) => {
            let chain = certificates(certificate)?;
            let read = PrivateKeyDer::from_pem_file(key);
            let key = read.map_err(|error| file("private key", key, error))?;
            config.with_client_auth_cert(chain, key)?
        }
    };
    Ok(Tls(MakeRustlsConnect::new(config)))
}

fn file(
    what: &'static str,
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> TlsError {
    TlsError::File { what, path: path.to_owned(), source: source.into() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    const WHAT: &str = "certificate";
    let read = CertificateDer::pem_file_iter(path).map_err(|error| file(WHAT, path, error))?;
    let read: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| file(WHAT, path, error))?;
    if read.is_empty() { Err(file(WHAT, path, "it holds none")) } else { Ok(read) }
}

/// Looks at the server's certificate, or takes whoever answers at his word: then nobody can listen, and anybody can pretend.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    believed: Option<Believed>,
}

/// The certificate comes from a known authority or is one of the known ones itself, and, where that is wanted, is of the
/// host.
#[derive(Debug)]
struct Believed {
    known: Vec<CertificateDer<'static>>,
    chain: Arc<WebPkiServerVerifier>,
    is_name_checked: bool,
}

impl Believed {
    fn new(
        authorities: &Authorities,
        mode: TlsMode,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let known = match authorities {
            Authorities::File(path) => {
                let known = certificates(path)?;
                for certificate in &known {
                    roots.add(certificate.clone()).map_err(|error| file("certificate", path, error))?;
                }
                known
            }
            // Of the many of a machine some may be of a kind that isn't understood.
            Authorities::System | Authorities::None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                Vec::new()
            }
        };
        if roots.is_empty() {
            return Err(TlsError::NoSystem);
        }
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let chain = built.map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { known, chain, is_name_checked: mode == TlsMode::VerifyFull })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(Believed { known, chain, is_name_checked }) = &self.believed else {
            return Ok(ServerCertVerified::assertion());
        };
        // A server that signed its own and gave it to us: it is no authority, so no chain leads to it.
        if known.iter().any(|known| known == certificate) {
            if *is_name_checked {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(certificate, between, host, ocsp, now) {
            // The name is looked at last, when all else was right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !is_name_checked => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
