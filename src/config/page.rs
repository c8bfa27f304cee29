//! `[page]`: where the status page listens, and who may see it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Network;
use crate::manifest::{Document, DocumentError, Section};

/// Where the status page listens, and who may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSettings {
    /// The address; `None`: the default.
    pub listen: Option<SocketAddr>,
    /// Nothing can be changed by it.
    pub read_only: bool,
    /// The file that the token is in.
    pub token_file: Option<PathBuf>,
    /// The header in which a proxy names who it has let in.
    pub trust_header: Option<String>,
    /// The proxies that are believed.
    pub trust_proxy: Vec<Network>,
    /// Names under which the page is reached, beside addresses and `localhost`.
    pub hosts: Vec<String>,
}

impl PageSettings {
    /// Every key of the table.
    pub(super) const KEYS: &[&str] =
        &["listen", "read_only", "token_file", "trust_header", "trust_proxy", "hosts"];

    pub(super) fn read(document: &Document<'_>) -> Result<Self, DocumentError> {
        let Some(section) = document.root().section("page")? else { return Ok(Self::default()) };
        section.only(Self::KEYS)?;
        let text = |key: &str| section.text(key).map(|text| text.map(|text| text.value));
        Ok(Self {
            listen: listen(&section)?,
            read_only: section.flag("read_only")?.is_some_and(|flag| flag.value),
            token_file: text("token_file")?.map(PathBuf::from),
            trust_header: text("trust_header")?,
            trust_proxy: networks(&section)?,
            hosts: section.texts("hosts")?.into_iter().map(|host| host.value).collect(),
        })
    }
}

fn listen(section: &Section<'_>) -> Result<Option<SocketAddr>, DocumentError> {
    let Some(written) = section.text("listen")? else { return Ok(None) };
    let Ok(address) = written.value.parse() else {
        let hint = "write it as \"127.0.0.1:8765\" or \"[::1]:8765\"; 0.0.0.0 stands for all addresses";
        let message = format!("`{}` is no address with a port", written.value);
        return Err(section.complain(&written, message, Some(hint.to_owned())));
    };
    Ok(Some(address))
}

fn networks(section: &Section<'_>) -> Result<Vec<Network>, DocumentError> {
    let mut networks = Vec::new();
    for written in section.texts("trust_proxy")? {
        match written.value.parse::<Network>() {
            Ok(network) => networks.push(network),
            Err(error) => return Err(section.complain(&written, error.to_string(), None)),
        }
    }
    Ok(networks)
}
