//! A server that speaks TLS and nothing else, with certificates made for the test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::{Database, Items, JobKind, Primary, program};

/// An authority that a test made.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "an authority");
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, as PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate that it gives for these hosts, with this common name, and its key, as PEM.
    pub(crate) fn vouches(&self, hosts: &[&str], name: &str) -> (String, String) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut parameters = CertificateParams::new(hosts).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (parameters.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A server that takes encrypted connections only.
pub(crate) struct Encrypted {
    primary: Primary,
    /// An empty one, through a connection from before.
    database: Database,
    directory: PathBuf,
}

impl Encrypted {
    /// With this certificate and key; `clients` is the authority that vouches for them, if they must have a certificate.
    pub(crate) async fn start((certificate, key): &(String, String), clients: Option<&Authority>) -> Self {
        let primary = Primary::start(&[]).await;
        let database = primary.database().await;
        let data: String = database.value("SELECT current_setting('data_directory')").await;
        let directory = Path::new(&data).parent().unwrap().to_owned();
        let encrypted = Self { primary, database, directory };
        let mut settings = vec![
            ("ssl_cert_file", encrypted.write("server.crt", certificate)),
            ("ssl_key_file", encrypted.write("server.key", key)),
        ];
        let mut rule = "hostssl all all 127.0.0.1/32 scram-sha-256".to_owned();
        if let Some(authority) = clients {
            settings.push(("ssl_ca_file", encrypted.write("clients.crt", &authority.pem())));
            rule += " clientcert=verify-full";
        }
        settings.push(("ssl", "on".to_owned()));
        let hba: String = encrypted.database.value("SELECT current_setting('hba_file')").await;
        let database = &encrypted.database;
        for (name, value) in settings {
            database.execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await;
        }
        encrypted.write_to(Path::new(&hba), &format!("{rule}\n"));
        database.execute("SELECT pg_reload_conf()").await;
        let url = database.url.clone();
        super::wait_for("the server wants TLS", || {
            let url = format!("{url}?sslmode=disable");
            async move { tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_err() }
        })
        .await;
        encrypted
    }

    /// The items in its database, and the server, which ends with it.
    pub(crate) async fn items(self, rows: i32) -> (Items, Primary) {
        (Items::on(self.database, rows, JobKind::Counting).await, self.primary)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        self.write_to(&path, text);
        path.to_str().unwrap().to_owned()
    }

    fn write_to(&self, path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        program::give(path, &self.directory);
    }
}
