//! PostgreSQL's table locks, by their strength, and what each keeps others from.

/// A lock on a table, weakest first. Those below `ShareUpdateExclusive` keep nobody from anything but DDL, and are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LockMode {
    /// `SHARE UPDATE EXCLUSIVE`: against other DDL and VACUUM.
    ShareUpdateExclusive,
    /// `SHARE`: against writes.
    Share,
    /// `SHARE ROW EXCLUSIVE`: against writes.
    ShareRowExclusive,
    /// `EXCLUSIVE`: against writes and `SELECT … FOR UPDATE`.
    Exclusive,
    /// `ACCESS EXCLUSIVE`: against everybody.
    AccessExclusive,
}

/// What others can't do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blocks {
    /// Other DDL, and VACUUM.
    Ddl,
    /// Writes; reads go on.
    Writes,
    /// Reads and writes.
    All,
}

impl LockMode {
    const ALL: [Self; 5] = [
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// As SQL writes it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// From what `LOCK TABLE` says.
    pub(crate) fn from_words(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.words() == words)
    }

    /// From what `pg_locks` says.
    pub(crate) fn from_catalog(name: &str) -> Option<Self> {
        let plain = |mode: &Self| mode.words().replace(' ', "") + "LOCK";
        Self::ALL.into_iter().find(|mode| plain(mode) == name.to_ascii_uppercase())
    }

    /// What others can't do while it is held.
    pub(crate) fn blocks(self) -> Blocks {
        match self {
            Self::ShareUpdateExclusive => Blocks::Ddl,
            Self::Share | Self::ShareRowExclusive | Self::Exclusive => Blocks::Writes,
            Self::AccessExclusive => Blocks::All,
        }
    }
}

impl Blocks {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Ddl => "other DDL",
            Self::Writes => "writes",
            Self::All => "reads and writes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_and_sql_name_the_same_locks() {
        assert_eq!(LockMode::from_catalog("ShareRowExclusiveLock"), Some(LockMode::ShareRowExclusive));
        assert_eq!(LockMode::from_catalog("AccessShareLock"), None);
        assert_eq!(LockMode::from_words("ACCESS EXCLUSIVE"), Some(LockMode::AccessExclusive));
        assert!(LockMode::AccessExclusive > LockMode::Exclusive);
    }
}
