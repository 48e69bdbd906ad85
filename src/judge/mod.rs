//! Judges SDKs by what they put on the wire, through small drivers.
//!
//! A driver is a process that calls one SDK ([`protocol`], [`driver`]). Each case ([`suite`]) has an access key id of its
//! own, so that the mocks of the stage know whose request is whose, whatever the SDK lets us set. The wire decides;
//! what the driver claims is held against it.

mod attach;
mod battery;
mod builtin;
mod case;
mod decoys;
pub mod driver;
pub mod manifest;
pub mod protocol;
mod quirk;
mod run;
mod stage;
pub mod suite;
mod usage;
mod wanted;

pub use attach::{AttachInput, Offer, attend};
pub use builtin::{Proxy, Settings, drive};
pub use decoys::AMBIENT_KEY;
pub use quirk::{MINIATURES, Quirk};
pub use run::{JudgeError, JudgeInput, judge};
pub use stage::StageError;
