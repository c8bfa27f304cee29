//! Settings: from flags, the environment, `.env` and `config/<env>.toml`, in that order of weight.
//!
//! Read once by `cli` before anything else; pure but for reading the files.

mod address;
mod alerts;
mod callbacks;
mod database_url;
mod environment;
mod lint;
mod log;
mod network;
mod new_files;
mod page;
mod secret;
mod settings;
mod timed_queries;
mod tls;

pub use alerts::{Alert, AlertTarget};
pub use callbacks::Callbacks;
pub use database_url::{Target, UrlError};
pub use environment::{Environment, may_tell_password};
pub use lint::LintBefore;
pub use log::{LogFormat, LogSettings, LogTo};
pub use network::{BadNetwork, Network};
pub use new_files::NewFiles;
pub use page::PageSettings;
pub use secret::Secret;
pub use settings::{ConfigError, Overrides, Settings};
pub use tls::{Authorities, ClientIdentity, TlsMode, TlsOptions};
