//! `idvet sign request`: signs a request that a JSON file describes.

use std::path::PathBuf;

use clap::Args;
use indexmap::IndexMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::{SignCommandError, Surroundings};
use crate::exchange::{Request, encode_pairs};
use crate::signing::{Credentials, Derivation, Place, Scheme, SigningInput, sign};

/// What `idvet sign request` is told.
#[derive(Debug, Clone, Args)]
pub struct RequestArgs {
    /// The description; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Take the secret from this file.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Print the text of the HTTP request rather than a recording of it.
    #[arg(long)]
    pub http: bool,
}

/// A request to be signed, as people describe it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    #[serde(default)]
    scheme: SchemeName,
    #[serde(default = "post")]
    method: String,
    /// With scheme and host; its query is signed too.
    url: String,
    action: Option<String>,
    version: Option<String>,
    /// Go into the query.
    #[serde(default)]
    parameters: IndexMap<String, String>,
    /// Go into a form body.
    #[serde(default)]
    form: IndexMap<String, String>,
    #[serde(default)]
    headers: IndexMap<String, String>,
    /// Text of a body that is no form.
    body: Option<String>,
    /// V1: puts common parameters into the form.
    #[serde(default)]
    common_in_form: bool,
    access_key_id: Option<String>,
    /// Present time when absent.
    timestamp: Option<String>,
    /// Random when absent.
    nonce: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SchemeName {
    V1,
    V1Sha256,
    #[default]
    Acs3,
    Acs3Sm3,
}

fn post() -> String {
    "POST".to_owned()
}

pub(super) fn run(args: &RequestArgs, world: &mut Surroundings<'_>) -> Result<u8, SignCommandError> {
    let text = world.read_text(&args.file)?;
    let description: Description = serde_json::from_str(&text)?;
    let credentials = credentials(&description, args, world)?;
    let scheme = match description.scheme {
        SchemeName::V1 => Scheme::V1,
        SchemeName::V1Sha256 => Scheme::V1Sha256,
        SchemeName::Acs3 => Scheme::Acs3,
        SchemeName::Acs3Sm3 => Scheme::Acs3Sm3,
    };
    let mut request = build_request(&description, scheme)?;
    let timestamp = description.timestamp.clone().unwrap_or_else(|| world.clock.now().to_iso());
    let nonce = description.nonce.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let place = if description.common_in_form { Place::Form } else { Place::Query };
    let input = SigningInput { place, ..SigningInput::new(scheme, &credentials, timestamp, nonce) };
    let derivation = sign(&mut request, &input)?;
    if args.http {
        write_http(&request, world)?
    } else {
        write_recording(&request, scheme, &derivation, world)?
    }
    Ok(0)
}

fn credentials(
    description: &Description,
    args: &RequestArgs,
    world: &mut Surroundings<'_>,
) -> Result<Credentials, SignCommandError> {
    let own = description.access_key_id.clone();
    let access_key_id = own.or_else(|| (world.env)("ALIBABA_CLOUD_ACCESS_KEY_ID")).ok_or(SignCommandError::NoKeyId)?;
    let secret = world.secret(args.secret_file.as_deref())?;
    let secret = secret.ok_or_else(|| SignCommandError::NoSecret(access_key_id.clone()))?;
    let token = (world.env)("ALIBABA_CLOUD_SECURITY_TOKEN").filter(|token| !token.is_empty());
    Ok(Credentials { access_key_id, secret, security_token: token.map(SecretString::from) })
}

fn build_request(description: &Description, scheme: Scheme) -> Result<Request, SignCommandError> {
    let refuse = |reason: String| SignCommandError::Url { url: description.url.clone(), reason };
    let url = url::Url::parse(&description.url).map_err(|error| refuse(error.to_string()))?;
    let host = url.host_str().ok_or_else(|| refuse("it names no host".to_owned()))?;
    let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let mut headers = vec![("Host".to_owned(), host)];
    let mut query: Vec<(&str, &str)> = Vec::new();
    let named = [("Action", "x-acs-action", &description.action), ("Version", "x-acs-version", &description.version)];
    for (parameter, header, value) in named {
        match value {
            Some(value) if scheme.is_acs3() => headers.push((header.to_owned(), value.clone())),
            Some(value) => query.push((parameter, value)),
            None => {}
        }
    }
    query.extend(description.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    headers.extend(description.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    let parts = [url.query().unwrap_or_default().to_owned(), encode_pairs(query)];
    let query = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    let target = if query.is_empty() { url.path().to_owned() } else { format!("{}?{query}", url.path()) };
    let form = encode_pairs(description.form.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let is_named = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !form.is_empty() && !is_named {
        headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    }
    let body = description.body.clone().unwrap_or(form);
    Ok(Request { method: description.method.to_ascii_uppercase(), target, headers, body: body.into() })
}

fn write_http(request: &Request, world: &mut Surroundings<'_>) -> Result<(), SignCommandError> {
    write!(world.out, "{} {} HTTP/1.1\r\n", request.method, request.target)?;
    for (name, value) in &request.headers {
        write!(world.out, "{name}: {value}\r\n")?;
    }
    if request.header("content-length").is_none() {
        write!(world.out, "Content-Length: {}\r\n", request.body.len())?;
    }
    write!(world.out, "\r\n")?;
    Ok(world.out.write_all(&request.body)?)
}

/// Writes what `sign verify` and `sign explain` read.
fn write_recording(
    request: &Request,
    scheme: Scheme,
    derivation: &Derivation,
    world: &mut Surroundings<'_>,
) -> Result<(), SignCommandError> {
    let recording = json!({
        "case": "request",
        "request": {
            "method": request.method,
            "target": request.target,
            "http_version": "HTTP/1.1",
            "headers": request.headers,
            "body": { "encoding": "utf-8", "data": String::from_utf8_lossy(&request.body) },
        },
        "signature": {
            "scheme": scheme.name(),
            "canonical_request": derivation.canonical,
            "string_to_sign": derivation.string_to_sign,
        },
    });
    serde_json::to_writer_pretty(&mut *world.out, &recording)?;
    Ok(writeln!(world.out)?)
}
