//! Listens, and serves until the process ends.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use axum::http::HeaderName;

use super::access::{Access, Proxy};
use super::error::PageError;
use super::listener::{Bounded, Peer};
use super::reader::Reader;
use super::routes::routes;
use super::secret::{Secret, Token};
use super::shared::Shared;
use crate::clock::Clock;
use crate::config::{PageSettings, Settings};
use crate::observe::metrics::{Exporter, ProcessMetrics};
use crate::pg::Connector;
use crate::store::{Identity, Store};

/// Where the page listens unless told otherwise.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8765);

/// What a page is made of.
pub struct PageOptions {
    /// The page's own settings.
    pub page: PageSettings,
    /// The token that visitors must know, where it doesn't come from a file.
    pub token: Option<String>,
    /// All settings, for the directories of files and their hours.
    pub settings: Settings,
    /// Makes connections to the database.
    pub connector: Connector,
    /// The control schema.
    pub store: Store,
    /// Who the page runs as: by that name is recorded what visitors do who are known by none.
    pub identity: Identity,
    /// The clock.
    pub clock: Clock,
    /// What this process does, for /metrics, where it works beside the page.
    pub process: Option<Arc<ProcessMetrics>>,
}

/// A page that listens and isn't served yet.
pub struct Page {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Page {
    /// Listens. Refuses to where everybody could come in. The database may be away still.
    pub fn bind(options: PageOptions) -> Result<Self, PageError> {
        let PageOptions { page, token, settings, connector, store, identity, clock, process } = options;
        let access = access(&page, token, &identity.actor)?;
        let address = page.listen.unwrap_or(DEFAULT_ADDRESS);
        if !address.ip().to_canonical().is_loopback() && access.token.is_none() && access.proxy.is_none() {
            return Err(PageError::Open { address });
        }
        let failed = |source| PageError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let database = connector.target().to_string();
        let exporter = Exporter::new(&clock, &connector, &settings, process);
        let reader = Arc::new(Reader::new(store, settings, connector, clock.clone()));
        let shared = Shared {
            access,
            secret: Secret::random(),
            attempts: std::sync::Mutex::default(),
            comparing: tokio::sync::Mutex::default(),
            reader,
            exporter,
            commands: tokio::sync::Mutex::default(),
            began: clock.monotonic(),
            clock,
            database,
            identity,
            cookie: format!("longhaul_{}", address.port()),
        };
        Ok(Self { listener, address, shared: Arc::new(shared) })
    }

    /// Its address for a browser on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let port = self.address.port();
        match self.address.ip() {
            ip if ip.is_unspecified() => format!("http://localhost:{port}/"),
            IpAddr::V4(ip) => format!("http://{ip}:{port}/"),
            IpAddr::V6(ip) => format!("http://[{ip}]:{port}/"),
        }
    }

    /// What to know about it beside its address: others may listen to what is sent.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let is_open = !self.address.ip().to_canonical().is_loopback() && self.shared.access.proxy.is_none();
        is_open.then(|| {
            "the page doesn't encrypt: whoever can listen on the way here reads the token; put a proxy with TLS before it"
                .to_owned()
        })
    }

    /// Serves it, until it is dropped: whatever is open then is cut off.
    pub async fn serve(self) -> Result<(), PageError> {
        let failed = |source| PageError::Start { source };
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
        let listener = Bounded::new(listener, self.shared.clock.clone());
        let routes = routes(self.shared.clone()).into_make_service_with_connect_info::<Peer>();
        let reader = self.shared.reader.clone();
        tokio::select! {
            served = axum::serve(listener, routes) => served.map_err(failed),
            () = async { reader.beat().await } => Ok(()),
        }
    }

    /// Serves it on a thread of its own, as long as the process lives: a page that is slow to draw holds no batch up.
    pub fn spawn(self) -> Result<(), PageError> {
        let failed = |source| PageError::Start { source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let serve = move || drop(runtime.block_on(self.serve()));
        std::thread::Builder::new().name("page".to_owned()).spawn(serve).map_err(failed)?;
        Ok(())
    }
}

fn access(page: &PageSettings, token: Option<String>, user: &str) -> Result<Access, PageError> {
    let token = match &page.token_file {
        Some(path) => Some(read_token(path)?),
        None => token,
    };
    let token = token.map(|token| token.trim().to_owned());
    if let Some(length) =
        token.as_ref().map(|token| token.chars().count()).filter(|length| *length < Token::SHORTEST)
    {
        return Err(PageError::ShortToken { length });
    }
    Ok(Access {
        token: token.as_deref().map(Token::new),
        proxy: proxy(page)?,
        hosts: page.hosts.clone(),
        read_only: page.read_only,
        user: user.to_owned(),
    })
}

fn read_token(path: &Path) -> Result<String, PageError> {
    std::fs::read_to_string(path).map_err(|source| PageError::TokenFile { path: path.to_owned(), source })
}

fn proxy(page: &PageSettings) -> Result<Option<Proxy>, PageError> {
    let half = |given, missing| Err(PageError::HalfProxy { given, missing });
    match (&page.trust_header, page.trust_proxy.as_slice()) {
        (None, []) => Ok(None),
        (Some(_), []) => half("--trust-header", "--trust-proxy"),
        (None, _) => half("--trust-proxy", "--trust-header"),
        (Some(name), trusted) => {
            let header: HeaderName = name.parse().map_err(|_| PageError::BadHeader { name: name.clone() })?;
            Ok(Some(Proxy { header: header.to_string(), trusted: trusted.to_vec() }))
        }
    }
}
