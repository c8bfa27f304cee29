//! PgBouncer in between: in transaction mode everything is refused, with the reason, before anything is done; in session
//! mode everything works; and a pool that changes its mode under a run stops it.

mod refused;
mod session;
