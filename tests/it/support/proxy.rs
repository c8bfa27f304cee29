//! A network between the program and the server that can be cut: the client sees its connections end, the server
//! doesn't, and goes on with what it was sent.

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
    _listener: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn before(database: &Database) -> Self {
        let (account, place) = database.url.rsplit_once('@').unwrap();
        let (host, name) = place.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{account}@{}/{name}", listener.local_addr().unwrap());
        let (cuts, cut) = watch::channel(0);
        let mut task = JoinSet::new();
        task.spawn(listen(listener, host.to_owned(), cut));
        Self { url, cuts, _listener: task }
    }

    /// Cuts the connections there are. Answers on their way are lost; new connections are let through.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn listen(listener: TcpListener, server: String, mut cut: watch::Receiver<u32>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        cut.mark_unchanged();
        let server = TcpStream::connect(&server).await.unwrap();
        connections.spawn(carry(client, server, cut.clone()));
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, mut cut: watch::Receiver<u32>) {
    let (mut sent, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        tokio::select! {
            read = client.read(&mut sent) => match read {
                Ok(length @ 1..) => server.write_all(&sent[..length]).await.unwrap(),
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
