//! Bodies of answers, whole or spoilt on purpose.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Interval, MissedTickBehavior};

/// Bytes of a piece: odd, so that characters and escapes are cut too.
const PIECE: usize = 97;

/// How an endless body begins.
const OPENED: &[u8] = br#"{"RequestId":"AAAA-1","Code":"200","Message":""#;

/// It goes on with a megabyte each so often, so that how much a client takes in a time does not depend on the machine.
const MORE: usize = 1_000_000;
const MORE_EVERY: Duration = Duration::from_millis(10);

/// Pieces after which even an endless body ends.
const ENDLESS: u64 = 60_000;

/// A body as it goes on the wire.
pub(in crate::mock) enum AnswerBody {
    Whole(Option<Bytes>),
    /// Whole, in pieces, its length not announced.
    Pieces(Bytes),
    /// Announces `announced` bytes and breaks off after what is left.
    Truncated {
        rest: Option<Bytes>,
        announced: u64,
        breaks: Interval,
    },
    /// A piece at each tick until the client goes away, or `left` pieces are out.
    Endless {
        begun: bool,
        piece: Bytes,
        left: u64,
        ticks: Interval,
    },
    /// One byte at each tick.
    Dripping {
        rest: Bytes,
        ticks: Interval,
    },
}

/// The end of a body that was truncated on purpose.
#[derive(Debug, thiserror::Error)]
#[error("the body breaks off here")]
pub(in crate::mock) struct BreaksOff;

impl From<Infallible> for BreaksOff {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl AnswerBody {
    pub(in crate::mock) fn whole(bytes: Bytes) -> Self {
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }

    /// Returns a whole body in pieces of unannounced length; others as they are.
    pub(in crate::mock) fn in_pieces(self) -> Self {
        match self {
            Self::Whole(Some(bytes)) => Self::Pieces(bytes),
            other => other,
        }
    }

    /// Returns a body that ends after `kept` bytes although all are announced.
    pub(in crate::mock) fn truncated(bytes: &Bytes, kept: u64) -> Self {
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(bytes.len());
        // What was written has to leave before the connection breaks, so the break comes a moment later.
        let moment = Duration::from_millis(5);
        let breaks = tokio::time::interval_at(tokio::time::Instant::now() + moment, moment);
        Self::Truncated { rest: Some(bytes.slice(..kept)), announced: bytes.len() as u64, breaks }
    }

    /// Returns a body of JSON whose last text has no end.
    pub(in crate::mock) fn endless() -> Self {
        let mut ticks = tokio::time::interval(MORE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self::Endless { begun: false, piece: Bytes::from(vec![b'A'; MORE]), left: ENDLESS, ticks }
    }

    /// Returns a body that comes byte by byte.
    pub(in crate::mock) fn dripping(bytes: Bytes, every: Duration) -> Self {
        let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self::Dripping { rest: bytes, ticks }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BreaksOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BreaksOff>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces(rest) if rest.is_empty() => Poll::Ready(None),
            Self::Pieces(rest) => Poll::Ready(Some(Ok(Frame::data(rest.split_to(rest.len().min(PIECE)))))),
            Self::Truncated { announced: 0, .. } => Poll::Ready(None),
            Self::Truncated { rest, breaks, .. } => match rest.take().filter(|bytes| !bytes.is_empty()) {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => breaks.poll_tick(context).map(|_| Some(Err(BreaksOff))),
            },
            Self::Endless { begun, .. } if !*begun => {
                *begun = true;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(OPENED)))))
            }
            Self::Endless { left: 0, .. } => Poll::Ready(Some(Err(BreaksOff))),
            Self::Endless { piece, left, ticks, .. } => {
                std::task::ready!(ticks.poll_tick(context));
                *left -= 1;
                Poll::Ready(Some(Ok(Frame::data(piece.clone()))))
            }
            Self::Dripping { rest, .. } if rest.is_empty() => Poll::Ready(None),
            Self::Dripping { rest, ticks } => {
                std::task::ready!(ticks.poll_tick(context));
                Poll::Ready(Some(Ok(Frame::data(rest.split_to(1)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Pieces(rest) => rest.is_empty(),
            Self::Truncated { .. } | Self::Endless { .. } => false,
            Self::Dripping { rest, .. } => rest.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Pieces(_) | Self::Endless { .. } => return SizeHint::default(),
            Self::Whole(bytes) => bytes.as_ref().map_or(0, Bytes::len) as u64,
            Self::Truncated { announced, .. } => *announced,
            Self::Dripping { rest, .. } => rest.len() as u64,
        })
    }
}
