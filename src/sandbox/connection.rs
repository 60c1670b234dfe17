//! Connections that can be broken on purpose: a listener whose streams obey an [`AnswerControl`].
//!
//! Promises: after [`AnswerControl::drop_answer`] not one byte more reaches the client and the connection ends, closed
//! or reset as asked; after [`AnswerControl::cut_body`] the head and the asked number of body bytes do. Does not: know HTTP beyond the empty line
//! that ends a head.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

use super::faults::Ending;

/// How the rest of a connection's answers go out. Every request finds its connection's control beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct AnswerControl(Arc<Mutex<Outflow>>);

#[derive(Clone, Copy, Debug, Default)]
enum Outflow {
    #[default]
    Whole,
    /// Nothing goes out any more.
    Dropped(Ending),
    Cut(Cut),
    /// So many bytes, then a pause, and again.
    Slow {
        bytes: usize,
        pause: Duration,
    },
}

/// How far an answer that is to be cut has come.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// Bytes of the head's end (CR LF CR LF) seen in a row.
    end_seen: usize,
    body_left: usize,
    ending: Ending,
}

impl AnswerControl {
    pub(super) fn drop_answer(&self, ending: Ending) {
        self.set(Outflow::Dropped(ending));
    }

    pub(super) fn cut_body(&self, after_bytes: usize, ending: Ending) {
        self.set(Outflow::Cut(Cut { end_seen: 0, body_left: after_bytes, ending }));
    }

    pub(super) fn slow_down(&self, bytes_per_second: u32) {
        // Ten pauses a second; below ten bytes a second, a byte at a time.
        let bytes = bytes_per_second.div_ceil(10).max(1);
        let pause = Duration::from_secs(1) * bytes / bytes_per_second.max(1);
        self.set(Outflow::Slow { bytes: bytes as usize, pause });
    }

    /// A request that meets no fault goes out whole, also on a connection that was slow before.
    pub(super) fn restore(&self) {
        self.set(Outflow::Whole);
    }

    fn set(&self, outflow: Outflow) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outflow;
    }

    fn get(&self) -> Outflow {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const HEAD_END: &[u8; 4] = b"\r\n\r\n";

impl Cut {
    /// How many of `bytes` may still go out; counts them as gone.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            if self.end_seen < HEAD_END.len() {
                let matches = *byte == HEAD_END[self.end_seen];
                self.end_seen = if matches { self.end_seen + 1 } else { usize::from(*byte == b'\r') };
            } else if self.body_left > 0 {
                self.body_left -= 1;
            } else {
                return index;
            }
        }
        bytes.len()
    }
}

/// A TCP stream under the control of an [`AnswerControl`].
#[derive(Debug)]
pub(super) struct ControlledStream {
    stream: TcpStream,
    control: AnswerControl,
    pause: Option<Pin<Box<Sleep>>>,
    end: PeerEnd,
}

/// Whether the client has closed its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerEnd {
    NotSeen,
    Seen,
}

impl ControlledStream {
    /// The error that makes the server let go of the stream, which then ends in this way.
    fn end(&self, ending: Ending) -> io::Error {
        match ending {
            Ending::Close => {}
            // Where it cannot be set the connection closes instead: lost all the same.
            Ending::Reset => drop(self.stream.set_zero_linger()),
        }
        io::ErrorKind::ConnectionAborted.into()
    }
}

impl AsyncRead for ControlledStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        let at_end = into.filled().len() == before && into.remaining() > 0;
        if at_end && self.end == PeerEnd::NotSeen {
            // The server lets go of a request when it sees the end right behind it, before anything looked at the
            // request. Told one turn later, it has handed the request on by then, as PX would.
            self.end = PeerEnd::Seen;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ControlledStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.control.get() {
            Outflow::Whole => Pin::new(&mut self.stream).poll_write(cx, bytes),
            Outflow::Dropped(ending) => Poll::Ready(Err(self.end(ending))),
            Outflow::Cut(cut) => {
                let allowed = { cut }.pass(bytes);
                if allowed == 0 {
                    return Poll::Ready(Err(self.end(cut.ending)));
                }
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[..allowed]))?;
                let mut cut = cut;
                cut.pass(&bytes[..written]);
                self.control.set(Outflow::Cut(cut));
                Poll::Ready(Ok(written))
            }
            Outflow::Slow { bytes: most, pause } => {
                if let Some(sleep) = &mut self.pause {
                    ready!(sleep.as_mut().poll(cx));
                }
                let share = &bytes[..bytes.len().min(most)];
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, share))?;
                self.pause = Some(Box::pin(tokio::time::sleep(pause)));
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Accepts connections and gives each its control.
#[derive(Debug)]
pub(super) struct ControlledListener(pub TcpListener);

impl Listener for ControlledListener {
    type Io = ControlledStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Without it small answers wait for the client's acknowledgement; failing is harmless.
        let _ = stream.set_nodelay(true);
        (ControlledStream { stream, control: AnswerControl::default(), pause: None, end: PeerEnd::NotSeen }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, ControlledListener>> for AnswerControl {
    fn connect_info(stream: IncomingStream<'_, ControlledListener>) -> Self {
        stream.io().control.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, Ending};

    #[track_caller]
    fn check(body_left: usize, writes: &[&[u8]], expected: &[u8]) {
        let mut cut = Cut { end_seen: 0, body_left, ending: Ending::Close };
        let mut out = Vec::new();
        for write in writes {
            let passed = cut.pass(write);
            out.extend_from_slice(&write[..passed]);
        }
        assert_eq!(out, expected);
    }

    #[test]
    fn the_head_and_the_asked_part_of_the_body_go_out() {
        check(2, &[b"HTTP/1.1 200 OK\r\na: b\r\n\r\nbody"], b"HTTP/1.1 200 OK\r\na: b\r\n\r\nbo");
        check(2, &[b"H\r\n\r", b"\nb", b"ody", b"more"], b"H\r\n\r\nbo");
        check(0, &[b"H\r\r\n\r\nb"], b"H\r\r\n\r\n");
        check(9, &[b"H\r\n\r\nbody"], b"H\r\n\r\nbody");
    }
}
