//! Several observers as one: the terminal, metrics and logs hear the same notices.

use std::sync::Arc;

use crate::engine::{Notice, Observer};

/// Passes each notice on to all of them, in order.
#[derive(Clone, Default)]
pub struct Fan(Vec<Arc<dyn Observer>>);

impl Fan {
    /// These.
    #[must_use]
    pub fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers)
    }
}

impl Observer for Fan {
    fn notice(&self, notice: Notice) {
        let Some((last, others)) = self.0.split_last() else { return };
        for observer in others {
            observer.notice(notice.clone());
        }
        last.notice(notice);
    }
}
