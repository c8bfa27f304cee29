//! Where the database is: libpq URLs and keyword strings, the SQLAlchemy forms, PG* variables and the password file.
//!
//! tokio-postgres reads URLs itself but knows neither SQLAlchemy's drivers nor the environment, and takes no
//! `sslmode` beyond `require`; this layer stands between.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::Environment;

/// A database to connect to. Its `Debug` and `Display` never show the password.
#[derive(Clone, Default)]
pub struct Target {
    config: Config,
}

/// Why a database's address can't be used. No variant holds the URL: it may contain a password.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// Not an address.
    #[error("the database URL can't be read")]
    Malformed(#[source] tokio_postgres::Error),
    /// An empty text.
    #[error("the database URL is empty")]
    Empty,
    /// A driver or scheme for another database.
    #[error("the database URL begins with `{scheme}`, and longhaul speaks to PostgreSQL only")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// TLS was asked for.
    #[error("`sslmode={mode}` was asked for, and this version connects without TLS only")]
    Tls {
        /// The mode.
        mode: String,
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
            Self::Empty => "is the variable that was to fill it not set?".to_owned(),
            Self::Tls { .. } => {
                "use a tunnel or a socket, or sslmode=disable where the network is trusted".to_owned()
            }
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
        let (text, mode) = without_ssl_mode(&text);
        let mode = mode.or_else(|| environment.get("PGSSLMODE").map(str::to_owned));
        match mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => {}
            Some(mode) => return Err(UrlError::Tls { mode: mode.to_owned() }),
        }
        let text = with_port(&text, environment)?;
        let mut config = Config::from_str(&text).map_err(UrlError::Malformed)?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(UrlError::Tls { mode: "require".to_owned() });
        }
        config.ssl_mode(SslMode::Disable);
        fill_from_environment(&mut config, environment)?;
        if config.get_password().is_none()
            && let Some(password) = password_file(&config, environment)
        {
            config.password(password);
        }
        Ok(Self { config })
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

/// Takes the TLS parameters out, which tokio-postgres doesn't know, and returns the mode.
fn without_ssl_mode(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut mode = None;
    let kept: Vec<&str> = query
        .split('&')
        .filter(|parameter| match parameter.split_once('=') {
            // asyncpg's own name for the parameter is `ssl`.
            Some(("sslmode" | "ssl", value)) => {
                mode = Some(value.to_owned());
                false
            }
            _ => true,
        })
        .collect();
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    (url, mode)
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
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
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
    use super::*;

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
    fn other_databases_and_tls_are_refused_in_words() {
        let none = Environment::default();
        assert!(matches!(
            Target::resolve(Some("mysql+pymysql://h/d"), &none),
            Err(UrlError::Scheme { scheme }) if scheme == "mysql+pymysql"
        ));
        assert!(matches!(
            Target::resolve(Some("postgres://h/d?sslmode=verify-full"), &none),
            Err(UrlError::Tls { mode }) if mode == "verify-full"
        ));
        assert!(matches!(
            Target::resolve(Some("host=h user=u sslmode=require"), &none),
            Err(UrlError::Tls { mode }) if mode == "require"
        ));
        assert!(Target::resolve(Some("postgres://h/d?sslmode=prefer&connect_timeout=3"), &none).is_ok());
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
}
