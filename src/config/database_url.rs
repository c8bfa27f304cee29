//! Where the database is: libpq URLs and keyword strings, the SQLAlchemy forms, PG* variables and the password file.
//!
//! tokio-postgres reads URLs itself but knows neither SQLAlchemy's drivers nor the environment, and of TLS only whether;
//! this layer stands between.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::Environment;
use super::tls::{TlsMode, TlsOptions, TlsWords};

/// A database to connect to. Its `Debug` and `Display` never show the password.
#[derive(Clone, Default)]
pub struct Target {
    config: Config,
    tls: TlsOptions,
}

/// Why a database's address can't be used. No variant holds the URL: it may contain a password.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// Not an address.
    #[error("the database URL can't be read")]
    Malformed(#[source] tokio_postgres::Error),
    /// Not keywords with values. What can't be read may be a part of the password, so it isn't shown.
    #[error("the database's keywords and values can't be read")]
    Pairs,
    /// What stands behind the first `@` would be taken for the host, and shown.
    #[error("the database URL has an `@` too many before its host")]
    At,
    /// An empty text.
    #[error("the database URL is empty")]
    Empty,
    /// A driver or scheme for another database.
    #[error("the database URL begins with `{scheme}`, and longhaul speaks to PostgreSQL only")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// `sslmode` is none of the words there are.
    #[error("`sslmode={mode}` is no mode")]
    TlsMode {
        /// As it was written.
        mode: String,
    },
    /// The certificate is to be verified, and nobody is known who could vouch for it.
    #[error("`sslmode={mode}` needs to know whom to believe")]
    NoAuthorities {
        /// The mode.
        mode: String,
    },
    /// The machine's authorities vouch for anybody.
    #[error("`sslmode=verify-ca` protects from nobody with the machine's authorities")]
    WeakWithSystem,
    /// A certificate without its key, or the other way round.
    #[error("{} was named, and `{missing}` was not", .there.display())]
    HalfIdentity {
        /// The one file.
        there: PathBuf,
        /// The parameter for the other.
        missing: &'static str,
    },
    /// PGPORT is no port.
    #[error("PGPORT is `{text}`, which is no port number")]
    Port {
        /// Its value.
        text: String,
    },
}

impl UrlError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Malformed(_) | Self::Scheme { .. } => {
                "write it as postgresql://user:password@host:5432/database".to_owned()
            }
            Self::Pairs => "write them as host=… user=… password='…': a value with blanks stands in single quotes".to_owned(),
            Self::At => "in a user's name or a password it is written %40".to_owned(),
            Self::Empty => "is the variable that was to fill it not set?".to_owned(),
            Self::TlsMode { .. } => "the modes are disable, prefer, require, verify-ca and verify-full".to_owned(),
            Self::NoAuthorities { .. } => {
                "name a file with the authority's certificate, sslrootcert=ca.pem, or the machine's own, sslrootcert=system"
                    .to_owned()
            }
            Self::WeakWithSystem => "use sslmode=verify-full, or name a file: sslrootcert=ca.pem".to_owned(),
            Self::HalfIdentity { missing, .. } => format!("name both files: {missing}=…"),
            Self::Port { .. } => "set PGPORT to a number from 1 to 65535".to_owned(),
        })
    }
}

impl Target {
    /// Reads `url` (or, without one, what the PG* variables say) and fills what it leaves open from the variables
    /// and the password file.
    pub fn resolve(url: Option<&str>, environment: &Environment) -> Result<Self, UrlError> {
        if url.is_some_and(|url| url.trim().is_empty()) {
            return Err(UrlError::Empty);
        }
        let text = url.map(without_driver).transpose()?.unwrap_or_default();
        let (text, words) = without_tls(&text);
        let mut tls = words.resolve(environment)?;
        let text = with_port(&text, environment)?;
        refuse_two_at_signs(&text)?;
        let has_bare_password = !text.contains("://") && text.contains("password");
        let malformed = |error| if has_bare_password { UrlError::Pairs } else { UrlError::Malformed(error) };
        let mut config = Config::from_str(&text).map_err(malformed)?;
        fill_from_environment(&mut config, environment)?;
        if config.get_password().is_none()
            && let Some(password) = password_file(&config, environment)
        {
            config.password(password);
        }
        // Nobody is between the two ends of a socket, and the server knows no TLS there: libpq passes over it too.
        #[cfg(unix)]
        if !config.get_hosts().is_empty()
            && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
        {
            tls.mode = TlsMode::Disable;
        }
        config.ssl_mode(match tls.mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        Ok(Self { config, tls })
    }

    /// What is wanted of TLS.
    #[must_use]
    pub fn tls(&self) -> &TlsOptions {
        &self.tls
    }

    /// The settings for tokio-postgres.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres");
        write!(f, "{database} on {host}:{port}")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// `postgresql+asyncpg://…` is SQLAlchemy's way to name a driver; what follows is a libpq URL.
fn without_driver(url: &str) -> Result<String, UrlError> {
    let Some((scheme, rest)) = url.trim().split_once("://") else { return Ok(url.trim().to_owned()) };
    match scheme.split('+').next() {
        Some("postgresql" | "postgres") => Ok(format!("postgresql://{rest}")),
        _ => Err(UrlError::Scheme { scheme: scheme.to_owned() }),
    }
}

/// tokio-postgres takes the first `@` for the one before the host: half a password would be a host's name.
fn refuse_two_at_signs(url: &str) -> Result<(), UrlError> {
    let Some((_, behind)) = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')) else {
        return Ok(());
    };
    let host = behind.split(['/', '?']).next().unwrap_or_default();
    if host.contains('@') { Err(UrlError::At) } else { Ok(()) }
}

/// Takes the TLS parameters out, which tokio-postgres doesn't know, of a URL or of `key = 'value'` pairs.
fn without_tls(text: &str) -> (String, TlsWords) {
    let mut words = TlsWords::default();
    let rest = match text.split_once('?') {
        Some((base, query)) if text.contains("://") => {
            let is_kept = |parameter: &&str| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                !words.take(name, &percent_decode_str(value).decode_utf8_lossy())
            };
            let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
            if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
        }
        _ if text.contains("://") => text.to_owned(),
        _ => pairs(text)
            .into_iter()
            .filter(|(name, value, _)| !words.take(name, value))
            .map(|(.., text)| text)
            .collect(),
    };
    (rest, words)
}

/// Splits `host=h user='my user'` into names and values, each with the text it was read from. What is no pair is kept as it
/// is, for tokio-postgres to complain of.
fn pairs(text: &str) -> Vec<(String, String, &str)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((name, behind)) = rest.split_once('=') {
        let value = behind.trim_start();
        let is_quoted = value.starts_with('\'');
        let (mut word, mut is_escaped, mut end) = (String::new(), false, value.len());
        for (at, character) in value.char_indices().skip(usize::from(is_quoted)) {
            match character {
                _ if is_escaped => {
                    word.push(character);
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '\'' if is_quoted => {
                    end = at + 1;
                    break;
                }
                blank if !is_quoted && blank.is_whitespace() => {
                    end = at;
                    break;
                }
                other => word.push(other),
            }
        }
        let left = value[end..].trim_start();
        pairs.push((name.trim().to_owned(), word, &rest[..rest.len() - left.len()]));
        rest = left;
    }
    if !rest.is_empty() {
        pairs.push((String::new(), String::new(), rest));
    }
    pairs
}

fn port_from(environment: &Environment) -> Result<Option<u16>, UrlError> {
    environment
        .get("PGPORT")
        .map(|text| text.parse().map_err(|_| UrlError::Port { text: text.to_owned() }))
        .transpose()
}

/// Puts PGPORT into a URL that names one host and no port: tokio-postgres would take 5432 for it.
fn with_port(url: &str, environment: &Environment) -> Result<String, UrlError> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(url.to_owned()) };
    let place = rest.find('@').map_or(0, |at| at + 1);
    let end = rest[place..].find(['/', '?']).map_or(rest.len(), |end| place + end);
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.chars().all(|c| c.is_ascii_digit()));
    match port_from(environment)? {
        Some(port) if !host.is_empty() && !host.contains(',') && !has_port => {
            Ok(format!("{scheme}://{}:{port}{}", &rest[..end], &rest[end..]))
        }
        _ => Ok(url.to_owned()),
    }
}

fn fill_from_environment(config: &mut Config, environment: &Environment) -> Result<(), UrlError> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        match environment.get("PGHOST") {
            Some(path) if path.starts_with('/') => config.host_path(path),
            Some(host) => config.host(host),
            None => config.host("localhost"),
        };
    }
    if config.get_ports().is_empty()
        && let Some(port) = port_from(environment)?
    {
        config.port(port);
    }
    if config.get_user().is_none() {
        let user = ["PGUSER", "USER", "LOGNAME"].iter().find_map(|name| environment.get(name));
        config.user(user.unwrap_or("postgres"));
    }
    if config.get_dbname().is_none()
        && let Some(database) = environment.get("PGDATABASE")
    {
        config.dbname(database);
    }
    if config.get_password().is_none()
        && let Some(password) = environment.get("PGPASSWORD")
    {
        config.password(password);
    }
    Ok(())
}

/// The password that `~/.pgpass` has for this server, database and user.
fn password_file(config: &Config, environment: &Environment) -> Option<String> {
    let path = match environment.get("PGPASSFILE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(environment.get("HOME")?).join(".pgpass"),
    };
    let text = std::fs::read_to_string(path).ok()?;
    let host = match config.get_hosts().first()? {
        Host::Tcp(host) => host.clone(),
        #[cfg(unix)]
        Host::Unix(_) => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user()?.to_owned();
    let database = config.get_dbname().unwrap_or(&user).to_owned();
    let wanted = [host, port, database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = split_password_line(line);
        let (password, address) = fields.split_last()?;
        let fits = address.len() == wanted.len()
            && address.iter().zip(&wanted).all(|(field, wanted)| field == "*" || field == wanted);
        fits.then(|| password.clone())
    })
}

/// Splits at colons; a backslash takes the next character as it is.
fn split_password_line(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' => fields.push(String::new()),
            '\\' => fields.last_mut().expect("it begins with one").extend(characters.next()),
            other => fields.last_mut().expect("it begins with one").push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Authorities;
    use crate::model::slips::nearly;

    fn resolve(url: &str, environment: &Environment) -> Config {
        Target::resolve(Some(url), environment).unwrap().config
    }

    #[test]
    fn sqlalchemy_urls_are_understood() {
        let config = resolve("postgresql+asyncpg://ann:secret@db.example:6432/hrms", &Environment::default());
        assert_eq!(config.get_hosts(), [Host::Tcp("db.example".into())]);
        assert_eq!(config.get_ports(), [6432]);
        assert_eq!(config.get_dbname(), Some("hrms"));
        assert_eq!(config.get_password(), Some(b"secret".as_slice()));
    }

    #[test]
    fn variables_fill_what_the_url_leaves_open_and_never_more() {
        let environment = Environment::from([
            ("PGHOST", "elsewhere"),
            ("PGPORT", "6543"),
            ("PGUSER", "bob"),
            ("PGDATABASE", "payroll"),
            ("PGPASSWORD", "p:w"),
        ]);
        let config = resolve("postgresql://db/", &environment);
        assert_eq!(config.get_hosts(), [Host::Tcp("db".into())]);
        assert_eq!((config.get_ports(), config.get_user()), ([6543].as_slice(), Some("bob")));
        let config = Target::resolve(None, &environment).unwrap().config;
        assert_eq!(config.get_hosts(), [Host::Tcp("elsewhere".into())]);
        assert_eq!(config.get_dbname(), Some("payroll"));
    }

    #[test]
    fn other_databases_are_refused_in_words() {
        let none = Environment::default();
        assert!(matches!(
            Target::resolve(Some("mysql+pymysql://h/d"), &none),
            Err(UrlError::Scheme { scheme }) if scheme == "mysql+pymysql"
        ));
        assert!(Target::resolve(Some("postgres://h/d?sslmode=prefer&connect_timeout=3"), &none).is_ok());
    }

    #[test]
    fn tls_is_read_from_urls_and_from_pairs() {
        let none = Environment::default();
        let target = |text| Target::resolve(Some(text), &none).unwrap();
        let url = target("postgres://h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fmy%20ca.pem");
        assert_eq!(url.tls().mode, TlsMode::VerifyFull);
        assert_eq!(url.tls().authorities, Authorities::File("/my ca.pem".into()));
        assert_eq!(url.config().get_ssl_mode(), SslMode::Require);
        assert_eq!(url.config().get_connect_timeout(), Some(&std::time::Duration::from_secs(3)));
        let pairs =
            target(r"host = h user='my \'own\'' sslmode = verify-ca sslrootcert='/my ca.pem' dbname=d");
        assert_eq!(pairs.tls().mode, TlsMode::VerifyCa);
        assert_eq!(pairs.tls().authorities, Authorities::File("/my ca.pem".into()));
        assert_eq!((pairs.config().get_user(), pairs.config().get_dbname()), (Some("my 'own'"), Some("d")));
        let socket = target("host=/run/postgresql sslmode=require");
        assert_eq!((socket.tls().mode, socket.config().get_ssl_mode()), (TlsMode::Disable, SslMode::Disable));
        let address = target("hostaddr=192.0.2.1 sslmode=require");
        assert_eq!(address.config().get_ssl_mode(), SslMode::Require, "no host is no socket");
        assert!(Target::resolve(Some("host=h nonsense"), &none).is_err());
    }

    #[test]
    fn an_at_sign_too_many_is_refused_before_half_a_password_is_a_host() {
        let resolve = |url| Target::resolve(Some(url), &Environment::default());
        assert!(matches!(resolve("postgres://u:hun@ter2@h:5433/d"), Err(UrlError::At)));
        assert!(matches!(resolve("host=h password=hun ter=2"), Err(UrlError::Pairs)));
        let environment = Environment::from([("PGPORT", "6543")]);
        let target = Target::resolve(Some("postgres://u:hun/ter?2%40@h/d"), &environment).unwrap();
        assert_eq!(target.config().get_password(), Some(b"hun/ter?2@".as_slice()));
        assert_eq!(
            (target.to_string(), target.config().get_ports()),
            ("d on h:6543".to_owned(), &[6543][..])
        );
    }

    #[test]
    fn a_target_never_shows_its_password() {
        let target = Target::resolve(Some("postgres://u:hunter2@h:5433/d"), &Environment::default()).unwrap();
        assert_eq!(target.to_string(), "d on h:5433");
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[test]
    fn password_lines_split_at_bare_colons() {
        assert_eq!(split_password_line(r"h:5432:*:u:a\:b\\c"), ["h", "5432", "*", "u", r"a:b\c"]);
    }

    proptest! {
        #[test]
        fn no_address_and_no_variable_makes_it_panic(
            url in nearly(&[
                "postgresql+asyncpg://ann:s%20e@db.example:6432,[::1]:5433/hr?sslmode=verify-full&sslrootcert=%2Fca.pem",
                "postgres:///d?host=/run/postgresql&port=5433&options=-c%20a%3Db",
                r"host = 'my \'host\\' port=5433 user=ann sslmode=require dbname=''",
                "host=/run/postgresql",
            ]),
            port in nearly(&["5432"]),
            line in nearly(&[r"h:5432:*:u:a\:b\\c"]),
        ) {
            for environment in [Environment::default(), Environment::from([("PGPORT", &*port), ("PGHOST", &*line)])] {
                match Target::resolve(Some(&url), &environment) {
                    Ok(target) => drop((target.to_string(), format!("{target:?}"))),
                    Err(error) => drop((error.to_string(), error.hint())),
                }
            }
            let pieces: usize = pairs(&url).iter().map(|(.., text)| text.len()).sum();
            prop_assert_eq!(pieces, url.len(), "nothing is left out");
            prop_assert_eq!(split_password_line(&line).is_empty(), false);
        }
    }
}
