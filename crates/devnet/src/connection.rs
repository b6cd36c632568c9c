//! TCP connections that can be cut in the middle of an answer, or reset before it.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// As HTTP says.
    #[default]
    Whole,
    /// Instead of the next answer, reset.
    Reset,
    /// After the header of the next answer and so many bytes of its body.
    Cut(usize),
}

/// A handle to the end of one connection, given to its request handlers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire {
    fate: Arc<Mutex<Fate>>,
}

impl Wire {
    /// Resets the connection instead of the answer that follows.
    pub(crate) fn reset(&self) {
        *self.fate.lock() = Fate::Reset;
    }

    /// Closes the connection after `bytes` of the body that follows.
    pub(crate) fn cut_body(&self, bytes: usize) {
        *self.fate.lock() = Fate::Cut(bytes);
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.io().wire.clone()
    }
}

/// Accepts connections as [`WireStream`]s.
pub(crate) struct WireListener(pub(crate) TcpListener);

impl Listener for WireListener {
    type Io = WireStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (WireStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Without it small answers wait for the peer's delayed acknowledgement; a failure only makes them slower.
        let _ = stream.set_nodelay(true);
        (WireStream { stream, wire: Wire::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection with a [`Wire`].
pub(crate) struct WireStream {
    stream: TcpStream,
    wire: Wire,
}

impl WireStream {
    /// Writes as much as the fate allows; the error is the end.
    fn write_until_cut(
        &mut self,
        cx: &mut Context<'_>,
        buf: &[u8],
        body_left: usize,
    ) -> Poll<io::Result<usize>> {
        // The header is written in one piece together with the body's beginning.
        let header = buf.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
        let allowed = buf.len().min(header + body_left);
        if allowed == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, &buf[..allowed]))?;
        *self.wire.fate.lock() = Fate::Cut(body_left.saturating_sub(written.saturating_sub(header)));
        Poll::Ready(Ok(written))
    }
}

impl AsyncWrite for WireStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let fate = *self.wire.fate.lock();
        match fate {
            Fate::Whole => Pin::new(&mut self.stream).poll_write(cx, buf),
            Fate::Cut(body_left) => self.write_until_cut(cx, buf, body_left),
            Fate::Reset => {
                // Without lingering, closing sends a reset.
                self.stream.set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if *self.wire.fate.lock() == Fate::Whole {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        }
        let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for WireStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}
