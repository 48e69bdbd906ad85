//! Pictures that callers supply: what is wrong with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::target::sandbox::SandboxIndex;

/// Bytes that a picture may have (source: cloudauth-2019-03-07.md §11, cloudauth-intl-2022-08-09.md §4).
pub(super) const PICTURE_BYTES: usize = 1_048_576;

/// What keeps a picture from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PictureFault<'a> {
    /// The sandbox says which code it makes.
    Code(&'a str),
    TooLarge,
    /// No picture at all.
    Unreadable,
}

/// Judges a picture given as Base64.
pub(super) fn judge_base64<'a>(sandbox: &'a SandboxIndex, api: &str, text: &str) -> Option<PictureFault<'a>> {
    if text.len() / 4 * 3 > PICTURE_BYTES + 2 {
        return Some(PictureFault::TooLarge);
    }
    if let Some(picture) = sandbox.picture(text) {
        return picture.code.get(api).map(|code| PictureFault::Code(code));
    }
    STANDARD.decode(text).is_err().then_some(PictureFault::Unreadable)
}

/// Judges a picture given by its address. No address is ever fetched: the sandbox says what is behind it.
pub(super) fn judge_url<'a>(sandbox: &'a SandboxIndex, api: &str, url: &str) -> Option<PictureFault<'a>> {
    let picture = sandbox.picture(url)?;
    picture.code.get(api).map(|code| PictureFault::Code(code))
}
