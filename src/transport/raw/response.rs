//! One answer out of a stream of bytes: head, and a body by length, in chunks or up to the end.

use std::io;

/// Bytes of a head, trailers included.
const HEAD_LIMIT: usize = 64 * 1024;

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead {
    pub status: u16,
    /// Another request may follow on the connection.
    pub keep_alive: bool,
    /// Seconds to wait, where a `Retry-After` header says so.
    pub retry_after: Option<u32>,
}

/// Why an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    TooLarge(usize),
    NotHttp(String),
}

/// How long the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    ToTheEnd,
}

/// Collects bytes until they are an answer.
#[derive(Debug)]
pub(super) struct ResponseReader {
    /// Grows and is never emptied: making room anew for each answer would cost more than reading it.
    buffer: Vec<u8>,
    /// Bytes of it that came.
    filled: usize,
    limit: usize,
    head: Option<(ResponseHead, Framing)>,
    /// Where the body begins.
    body_at: usize,
    /// The body without its chunks, and how far they are taken apart.
    body: Vec<u8>,
    taken: usize,
    body_end: usize,
}

impl ResponseReader {
    pub(super) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), filled: 0, limit, head: None, body_at: 0, body: Vec::new(), taken: 0, body_end: 0 }
    }

    /// Forgets the last answer.
    pub(super) fn begin(&mut self) {
        self.filled = 0;
        self.body.clear();
        self.head = None;
        self.body_end = 0;
    }

    /// Reads once, behind what is there.
    pub(super) fn fill(
        &mut self,
        chunk: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.buffer.len() < self.filled + chunk {
            self.buffer.resize(self.filled + chunk, 0);
        }
        let taken = read(&mut self.buffer[self.filled..self.filled + chunk]);
        self.filled += *taken.as_ref().unwrap_or(&0);
        taken
    }

    /// Returns the head when the whole answer is there.
    pub(super) fn answer(&mut self, ended: bool) -> Result<Option<ResponseHead>, Unreadable> {
        while self.head.is_none() {
            if !self.read_head()? {
                return Ok(None);
            }
        }
        let Some((head, framing)) = self.head else { return Ok(None) };
        let there = self.filled - self.body_at;
        let whole = match framing {
            Framing::Length(length) if length > self.limit => return Err(Unreadable::TooLarge(self.limit)),
            Framing::Length(length) => {
                self.body_end = self.body_at + length.min(there);
                there >= length
            }
            Framing::ToTheEnd => {
                self.body_end = self.filled;
                ended
            }
            Framing::Chunked => self.read_chunks()?,
        };
        if there > self.limit + HEAD_LIMIT && !whole || self.body.len() > self.limit {
            return Err(Unreadable::TooLarge(self.limit));
        }
        Ok(whole.then_some(head))
    }

    pub(super) fn body(&self) -> &[u8] {
        match self.head {
            Some((_, Framing::Chunked)) => &self.body,
            Some(_) => &self.buffer[self.body_at..self.body_end],
            None => &[],
        }
    }

    /// Reads a head, if it is whole. One that only announces another is passed over.
    fn read_head(&mut self) -> Result<bool, Unreadable> {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut response = httparse::Response::new(&mut headers);
        let parsed =
            response.parse(&self.buffer[..self.filled]).map_err(|error| Unreadable::NotHttp(error.to_string()))?;
        let httparse::Status::Complete(length) = parsed else {
            let too_long = self.filled > HEAD_LIMIT;
            return if too_long { Err(Unreadable::TooLarge(HEAD_LIMIT)) } else { Ok(false) };
        };
        let status = response.code.unwrap_or_default();
        if (100..200).contains(&status) && status != 101 {
            self.buffer.copy_within(length..self.filled, 0);
            self.filled -= length;
            return Ok(self.filled > 0);
        }
        let read = read_headers(status, response.version, response.headers)?;
        self.head = Some(read);
        self.body_at = length;
        self.taken = length;
        Ok(true)
    }

    /// Takes apart the chunks that are whole. Returns true behind the last.
    fn read_chunks(&mut self) -> Result<bool, Unreadable> {
        let bad = || Unreadable::NotHttp("a chunk of the body is malformed".to_owned());
        loop {
            let rest = &self.buffer[self.taken..self.filled];
            let httparse::Status::Complete((at, size)) = httparse::parse_chunk_size(rest).map_err(|_| bad())? else {
                return if rest.len() > HEAD_LIMIT { Err(bad()) } else { Ok(false) };
            };
            let size = usize::try_from(size).map_err(|_| bad())?;
            if size > self.limit || self.body.len() + size > self.limit {
                return Err(Unreadable::TooLarge(self.limit));
            }
            if size == 0 {
                return match trailers_end(&rest[at..]) {
                    true => Ok(true),
                    false if rest.len() > HEAD_LIMIT => Err(Unreadable::TooLarge(HEAD_LIMIT)),
                    false => Ok(false),
                };
            }
            let Some(end) = rest.get(at + size..at + size + 2) else { return Ok(false) };
            if end != b"\r\n" {
                return Err(bad());
            }
            self.body.extend_from_slice(&rest[at..at + size]);
            self.taken += at + size + 2;
        }
    }
}

/// Says whether the trailers behind the last chunk are over.
fn trailers_end(rest: &[u8]) -> bool {
    rest.starts_with(b"\r\n") || rest.windows(4).any(|window| window == b"\r\n\r\n")
}

fn read_headers(
    status: u16,
    version: Option<u8>,
    headers: &[httparse::Header<'_>],
) -> Result<(ResponseHead, Framing), Unreadable> {
    let mut keep_alive = version == Some(1);
    let mut length = None;
    let mut chunked = false;
    let mut retry_after = None;
    for header in headers {
        let value = || std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            let parsed =
                value().parse::<usize>().map_err(|_| Unreadable::NotHttp("Content-Length is no number".to_owned()))?;
            if length.is_some_and(|other| other != parsed) {
                return Err(Unreadable::NotHttp("Content-Length stands twice, differently".to_owned()));
            }
            length = Some(parsed);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value().rsplit(',').next().unwrap_or_default().trim().eq_ignore_ascii_case("chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            for word in value().split(',').map(str::trim) {
                keep_alive =
                    (keep_alive || word.eq_ignore_ascii_case("keep-alive")) && !word.eq_ignore_ascii_case("close");
            }
        } else if header.name.eq_ignore_ascii_case("retry-after") {
            retry_after = value().parse().ok();
        }
    }
    let framing = match (status, chunked, length) {
        (204 | 304, ..) => Framing::Length(0),
        (_, true, _) => Framing::Chunked,
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::ToTheEnd,
    };
    let keep_alive = keep_alive && framing != Framing::ToTheEnd;
    Ok((ResponseHead { status, keep_alive, retry_after }, framing))
}

/// Reads an answer that comes in two pieces and then ends; returns its status and body when it is whole.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn read_in_two(bytes: &[u8], cut: usize, limit: usize) -> Result<Option<(u16, Vec<u8>)>, String> {
    let mut reader = ResponseReader::new(limit);
    reader.begin();
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    for (piece, is_last) in [(first, false), (second, true)] {
        let taken = reader.fill(piece.len(), |room| {
            room.copy_from_slice(piece);
            Ok(piece.len())
        });
        debug_assert!(taken.is_ok(), "memory can be read");
        if let Some(head) = reader.answer(is_last).map_err(|error| format!("{error:?}"))? {
            return Ok(Some((head.status, reader.body().to_vec())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Whole = (u16, bool, String);

    /// Reads an answer that comes in pieces of so many bytes.
    fn read(text: &str, piece: usize) -> Result<Option<Whole>, Unreadable> {
        let mut reader = ResponseReader::new(1_000);
        reader.begin();
        for bytes in text.as_bytes().chunks(piece) {
            reader
                .fill(bytes.len(), |room| {
                    room.copy_from_slice(bytes);
                    Ok(bytes.len())
                })
                .expect("bytes");
            if let Some(head) = reader.answer(false)? {
                return Ok(Some((head.status, head.keep_alive, String::from_utf8_lossy(reader.body()).into_owned())));
            }
        }
        let head = reader.answer(true)?;
        Ok(head.map(|head| (head.status, head.keep_alive, String::from_utf8_lossy(reader.body()).into_owned())))
    }

    #[test]
    fn answers_of_every_framing_are_read_whole_in_any_pieces() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, true, "hello")),
            ("HTTP/1.1 403 No\r\ncontent-length: 2\r\nConnection: close\r\n\r\n{}", (403, false, "{}")),
            ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", (200, false, "hi")),
            ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", (200, true, "hi")),
            ("HTTP/1.1 200 OK\r\n\r\nto the end", (200, false, "to the end")),
            ("HTTP/1.1 204 None\r\n\r\n", (204, true, "")),
            ("HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", (200, true, "x")),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n",
                (200, true, "hello!"),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nTrailer: x\r\n\r\n",
                (200, true, "hi"),
            ),
        ] {
            let (status, keep_alive, body) = expected;
            for piece in [1, 2, 3, 7, 1_000] {
                assert_eq!(read(text, piece), Ok(Some((status, keep_alive, body.to_owned()))), "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_answer_says_so() {
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel";
        assert_eq!(read(cut, 4), Ok(None));
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi!!",
        ] {
            assert!(matches!(read(text, 1_000), Err(Unreadable::NotHttp(_))), "{text:?}");
        }
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(200_000));
        assert!(matches!(read(&long, 10_000), Err(Unreadable::TooLarge(_))));
        let claimed = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
        assert!(matches!(read(claimed, 1_000), Err(Unreadable::TooLarge(_))));
        let head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(80_000));
        assert!(matches!(read(&head, 10_000), Err(Unreadable::TooLarge(_))));
    }
}
