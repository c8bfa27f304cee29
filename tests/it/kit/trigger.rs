//! The trigger.
