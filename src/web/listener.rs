//! Listens with bounds: so many connections at the most, and none on which nothing is answered for long. Whoever opens
//! connections and says nothing, before any token is asked for, doesn't use up the files that a worker in this process needs.

use std::future::Future;
use std::io::{self, Error, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;

/// Connections that are open at the same time, at the most; more wait in the system's queue.
const MOST: usize = 256;

/// A connection is closed when nothing was answered on it for so long. An open page is sent something every two seconds.
const SILENCE: Duration = Duration::from_secs(75);

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// A listener with bounds.
pub(super) struct Bounded {
    listener: TcpListener,
    clock: Clock,
    free: Arc<Semaphore>,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener, clock: Clock) -> Self {
        Self { listener, clock, free: Arc::new(Semaphore::new(MOST)) }
    }
}

impl Listener for Bounded {
    type Io = Line<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let place = self.free.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (stream, from) = Listener::accept(&mut self.listener).await;
        (Line::new(stream, &self.clock, Some(place)), from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection. What comes in doesn't keep it open, only what goes out: a head that comes letter by letter is cut off too.
pub(super) struct Line<S> {
    stream: S,
    clock: Clock,
    answered: Instant,
    /// Goes off when it may have been silent for too long.
    alarm: Pin<Box<dyn Future<Output = ()> + Send>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S> Line<S> {
    fn new(stream: S, clock: &Clock, place: Option<OwnedSemaphorePermit>) -> Self {
        let answered = clock.monotonic();
        Self {
            stream,
            clock: clock.clone(),
            answered,
            alarm: Box::pin(std::future::ready(())),
            _place: place,
        }
    }

    /// Ready once it was silent for too long; until then the task is woken at that time.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let silent = self.clock.monotonic().saturating_duration_since(self.answered);
            let Some(left) = SILENCE.checked_sub(silent).filter(|left| !left.is_zero()) else {
                return Poll::Ready(());
            };
            if self.alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let clock = self.clock.clone();
            self.alarm = Box::pin(async move { clock.sleep(left).await });
        }
    }

    fn or_cut_off<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        self.poll_silence(context).map(|()| Err(Error::from(ErrorKind::TimedOut)))
    }

    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = polled {
            self.answered = self.clock.monotonic();
        }
        self.or_cut_off(context, polled)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() && self.poll_silence(context).is_ready() {
            return Poll::Ready(Err(Error::from(ErrorKind::TimedOut)));
        }
        self.or_cut_off(context, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_connection_that_is_answered_nothing_is_cut_off_and_one_that_is_stays() {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let (mut other, stream) = tokio::io::duplex(64);
        let mut line = Line::new(stream, &clock, None);
        clock.advance(SILENCE / 2);
        line.write_all(b"answer").await.unwrap();
        clock.advance(SILENCE * 3 / 4);
        other.write_all(b"letter").await.unwrap();
        let mut heard = [0; 6];
        line.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"letter");
        clock.advance(SILENCE / 2);
        assert_eq!(line.read(&mut heard).await.unwrap_err().kind(), ErrorKind::TimedOut, "nothing came");
        other.write_all(b"letter").await.unwrap();
        assert_eq!(line.read(&mut heard).await.unwrap_err().kind(), ErrorKind::TimedOut, "one letter came");
    }

    #[tokio::test]
    async fn so_many_connections_are_open_and_others_wait_for_their_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded = Bounded::new(listener, Clock::system());
        let (mut callers, mut lines) = (Vec::new(), Vec::new());
        for _ in 0..MOST {
            callers.push(TcpStream::connect(address).await.unwrap());
            lines.push(bounded.accept().await);
        }
        let _waits = TcpStream::connect(address).await.unwrap();
        assert!(futures_util::FutureExt::now_or_never(bounded.accept()).is_none());
        lines.pop();
        bounded.accept().await;
    }
}
