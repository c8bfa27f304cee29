//! Versions of the server's programs. Pure.

use std::fmt;
use std::ops::RangeInclusive;

/// The major versions that longhaul is tested with.
pub const SUPPORTED_MAJORS: RangeInclusive<u16> = 14..=18;

/// The major version that is fetched when none is asked for and none is on the machine.
pub const DEFAULT_MAJOR: u16 = 18;

/// A version of PostgreSQL. Orders by age: a later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// 16 of 16.15.
    pub major: u16,
    /// 15 of 16.15; 0 for a beta or a development version.
    pub minor: u16,
}

impl ServerVersion {
    /// Reads what `postgres --version` prints, such as `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    pub(super) fn parse(printed: &str) -> Option<Self> {
        let (_, version) = printed.split_once("(PostgreSQL) ")?;
        let (major, rest) = leading_number(version)?;
        let minor = rest.strip_prefix('.').and_then(leading_number).map_or(0, |(minor, _)| minor);
        Some(Self { major, minor })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

fn leading_number(text: &str) -> Option<(u16, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_version_is_read_from_releases_distributions_and_betas() {
        let version = |printed| ServerVersion::parse(printed).map(|v| (v.major, v.minor));
        assert_eq!(version("postgres (PostgreSQL) 18.6\n"), Some((18, 6)));
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some((15, 18)));
        assert_eq!(version("postgres (PostgreSQL) 18beta1\n"), Some((18, 0)));
        assert_eq!(version("postgres (PostgreSQL) 19devel\n"), Some((19, 0)));
        assert_eq!(version("postgres (EnterpriseDB) 15.1\n"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn versions_order_by_number_and_not_by_text() {
        let version = |major, minor| ServerVersion { major, minor };
        assert!(version(15, 9) < version(15, 18));
        assert!(version(15, 18) < version(16, 0));
        assert_eq!(version(16, 15).to_string(), "16.15");
    }
}
