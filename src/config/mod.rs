//! Settings: from flags, the environment, `.env` and `config/<env>.toml`, in that order of weight.
//!
//! Read once by `cli` before anything else; pure but for reading the files.

mod address;
mod callbacks;
mod database_url;
mod environment;
mod lint;
mod network;
mod new_files;
mod page;
mod settings;
mod timed_queries;
mod tls;

pub use callbacks::Callbacks;
pub use database_url::{Target, UrlError};
pub use environment::Environment;
pub use lint::LintBefore;
pub use network::{BadNetwork, Network};
pub use new_files::NewFiles;
pub use page::PageSettings;
pub use settings::{ConfigError, Overrides, Settings};
pub use tls::{Authorities, ClientIdentity, TlsMode, TlsOptions};
