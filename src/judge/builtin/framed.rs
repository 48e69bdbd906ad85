//! A vice that no HTTP library has: a body framed by Content-Length and in chunks at once.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::exchange::{NoResponse, Request, Response};
use crate::transport::{Endpoint, read_in_two};

/// Bytes of an answer.
const LIMIT: usize = 1 << 20;

/// Sends a request without TLS on a connection of its own, with both headers, and reads the answer; its headers are lost.
pub(super) async fn send_twice_framed(endpoint: &Endpoint, request: &Request) -> Result<Response, NoResponse> {
    let broken = |error: std::io::Error| NoResponse::Broken(error.to_string());
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    request.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    let length = request.body.len();
    head.push_str(&format!("content-length: {length}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"));
    let chunk = [format!("{length:x}\r\n").as_bytes(), &request.body, b"\r\n0\r\n\r\n"].concat();
    let mut stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.map_err(broken)?;
    stream.write_all(&[head.as_bytes(), &chunk].concat()).await.map_err(broken)?;
    let mut answer = Vec::new();
    stream.take(LIMIT as u64).read_to_end(&mut answer).await.map_err(broken)?;
    match read_in_two(&answer, answer.len(), LIMIT) {
        Ok(Some((status, body))) => Ok(Response { status, headers: Vec::new(), body: body.into() }),
        Ok(None) => Err(NoResponse::Broken("it closed before the answer was complete".to_owned())),
        Err(reason) => Err(NoResponse::NotHttp(reason)),
    }
}
