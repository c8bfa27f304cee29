//! A network between the program and the server that can be cut: the client sees its connections end, the server
//! doesn't, and goes on with what it was sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Database;

/// Listens until it is dropped; then the server sees every connection end too.
pub(crate) struct Proxy {
    /// The database's URL through it.
    pub(crate) url: String,
    cuts: watch::Sender<u32>,
    fault: Arc<Fault>,
    _listener: JoinSet<()>,
}

/// One answer that is lost: the connection is cut when the server has given it.
struct Fault {
    /// To a simple query of this text.
    query: &'static str,
    /// How many of them to go, this one included; 0 when it was lost, or never is.
    left: AtomicU32,
}

impl Fault {
    /// Whether it is the answer to this that is to be lost.
    fn is_due(&self, sent: &[u8]) -> bool {
        let is_it = sent.strip_suffix(b"\0").is_some_and(|sent| sent.ends_with(self.query.as_bytes()));
        is_it
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
    }
}

impl Proxy {
    pub(crate) async fn before(database: &Database) -> Self {
        Self::losing_the_answer(database, "", 0).await
    }

    /// Loses the server's answer to this simple query when it comes for the `number`th time.
    pub(crate) async fn losing_the_answer(database: &Database, query: &'static str, number: u32) -> Self {
        let fault = Arc::new(Fault { query, left: AtomicU32::new(number) });
        let (account, place) = database.url.rsplit_once('@').unwrap();
        let (host, name) = place.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{account}@{}/{name}", listener.local_addr().unwrap());
        let (cuts, cut) = watch::channel(0);
        let mut task = JoinSet::new();
        task.spawn(listen(listener, host.to_owned(), cut, fault.clone()));
        Self { url, cuts, fault, _listener: task }
    }

    /// Whether the answer was lost that was to be.
    pub(crate) fn has_cut(&self) -> bool {
        self.fault.left.load(Ordering::SeqCst) == 0
    }

    /// Cuts the connections there are. Answers on their way are lost; new connections are let through.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn listen(listener: TcpListener, server: String, mut cut: watch::Receiver<u32>, fault: Arc<Fault>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        cut.mark_unchanged();
        let server = TcpStream::connect(&server).await.unwrap();
        connections.spawn(carry(client, server, cut.clone(), fault.clone()));
    }
}

async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    mut cut: watch::Receiver<u32>,
    fault: Arc<Fault>,
) {
    let (mut sent, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        tokio::select! {
            read = client.read(&mut sent) => match read {
                Ok(length @ 1..) => {
                    server.write_all(&sent[..length]).await.unwrap();
                    if fault.is_due(&sent[..length]) {
                        let _ = server.read(&mut answered).await;
                        break;
                    }
                }
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(length @ 1..) if client.write_all(&answered[..length]).await.is_ok() => {}
                _ => return,
            },
            _ = cut.changed() => break,
        }
    }
    drop(client);
    while let Ok(1..) = server.read(&mut answered).await {}
}
