//! Points at which a test can make the process die as `kill -9` does.
//!
//! `LONGHAUL_FAILPOINT=batch.fenced=3` kills it when it comes to `batch.fenced` for the third time. Without the
//! feature `failpoints` the macro expands to nothing.

/// A point by its name; the second argument, if any, runs first, when the point is about to fire.
macro_rules! failpoint {
    ($name:literal) => {
        failpoint!($name, {})
    };
    ($name:literal, $settle:expr) => {
        #[cfg(feature = "failpoints")]
        if $crate::engine::failpoint::is_due($name) {
            $settle;
            $crate::engine::failpoint::die();
        }
    };
}

#[cfg(feature = "failpoints")]
pub(crate) use armed::{die, is_due};

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        name: String,
        left: AtomicU64,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let setting = std::env::var("LONGHAUL_FAILPOINT").ok()?;
        let (name, hits) = setting.split_once('=')?;
        Some(Armed { name: name.to_owned(), left: AtomicU64::new(hits.parse().ok()?) })
    });

    pub(crate) fn is_due(name: &str) -> bool {
        ARMED
            .as_ref()
            .is_some_and(|armed| armed.name == name && armed.left.fetch_sub(1, Ordering::SeqCst) == 1)
    }

    pub(crate) fn die() -> ! {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
