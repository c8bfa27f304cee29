//! What holds a run back. One source a file; each says how long and why.
//!
//! [`Rate`] is paid after each batch. [`Signals`] are read on a connection of their own, never on a batch's, and
//! judged by `plan::pressure`: a signal that can't be read is not fine. Nothing is kept between processes; one that
//! begins anew holds until it has read every signal once.
//!
//! | signal | file | read every | told by |
//! |---|---|---|---|
//! | replica lag, in time and in WAL | `replica_lag` | 1 s | `pg_stat_replication`, slots, where the primary was when |
//! | WAL that slots keep, slots that lose it | `slots` | 5 s | `pg_replication_slots` |
//! | oldest transaction of others | `oldest_transaction` | 5 s | `pg_stat_activity`, prepared transactions |
//! | active sessions of others | `active_sessions` | 1 s | `pg_stat_activity` |
//! | autovacuum of the table | `autovacuum` | 5 s | `pg_stat_progress_vacuum` |
//! | dead rows of the table | `dead_tuples` | 5 s | the statistics of the table and its partitions |
//! | WAL that waits for the archive | `archive` | 5 s | `pg_stat_archiver` |
//! | the server's WAL a second | `server_wal` | 1 s | its position, twice |
//! | requested checkpoints | `checkpoints` | 5 s | `pg_stat_checkpointer`, before 17 `pg_stat_bgwriter` |
//! | free disk | `disk` | 5 s | the data directory, on the same machine |
//! | latency of a canary | `canary` | 1 s | the user's query |
//! | the user's probes | `probe` | as they say | a query, or an address |

mod active_sessions;
mod archive;
mod autovacuum;
mod canary;
mod checkpoints;
mod dead_tuples;
mod disk;
mod oldest_transaction;
mod probe;
mod rate;
mod replica_lag;
mod server_wal;
mod signals;
mod slots;
mod source;
mod texts;

pub use disk::free_disk;
pub use rate::Rate;
pub use signals::{SampleError, Signals};
