//! Gets an address that an answer named, unsigned, without following redirects.

use crate::event::{ExchangeRecorded, Mismatch};
use crate::exchange::Request;
use crate::runner::case::CaseRun;
use crate::runner::verdict::Stop;
use crate::suite::Fetch;
use crate::transport::{Endpoint, Framing};

pub(in crate::runner) async fn run(case: &mut CaseRun<'_>, fetch: &Fetch) -> Result<(), Stop> {
    let url = case.text(&fetch.url)?;
    let address = url::Url::parse(&url).map_err(|error| Stop::Harness(format!("no address to get, `{url}`: {error}")));
    let address = match address {
        Ok(address) => address,
        Err(_) => {
            let mismatch = Mismatch { place: "link".to_owned(), expected: "an address".to_owned(), actual: url };
            return case.judge("link", Some(mismatch));
        }
    };
    let endpoint = Endpoint::parse(&url).map_err(|error| Stop::Indeterminate(error.to_string()))?;
    if !endpoint.is_loopback() && !case.shared.input.options.allow_real {
        return Err(Stop::Indeterminate(format!(
            "the link leads to {}, which is not this machine",
            endpoint.authority
        )));
    }
    let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = Request {
        method: "GET".to_owned(),
        target: format!("{}{query}", address.path()),
        headers: vec![("host".to_owned(), endpoint.authority.clone())],
        body: bytes::Bytes::new(),
    };
    let exchange = case.shared.transport.send(&endpoint, request, Framing::Length).await;
    let recorded = case.shared.redactor.exchange(&exchange);
    case.exchanges.push(ExchangeRecorded {
        case: case.planned.case.id.clone(),
        step: case.step,
        operation: "link".to_owned(),
        request: recorded.request,
        response: recorded.response,
        no_response: recorded.no_response,
        elapsed_micros: exchange.elapsed_micros,
    });
    let response = exchange.outcome.map_err(|error| Stop::Indeterminate(error.to_string()))?;
    let location = response.header("location").unwrap_or_default();
    let leads_to = fetch.leads_to.as_deref().map(|text| case.text(text)).transpose()?;
    let (holds, expected) = match &leads_to {
        Some(wanted) => {
            ((300..400).contains(&response.status) && location == wanted, format!("a redirect to {wanted}"))
        }
        None if fetch.gone => ((400..500).contains(&response.status), "HTTP 4xx".to_owned()),
        None => (response.status == fetch.status, format!("HTTP {}", fetch.status)),
    };
    let actual = match location {
        "" => format!("HTTP {}", response.status),
        location => format!("HTTP {} to {location}", response.status),
    };
    case.judge("link", (!holds).then(|| Mismatch { place: "link, status".to_owned(), expected, actual }))?;
    let Some(wanted) = &fetch.content_type else { return Ok(()) };
    let kind = response.header("content-type").unwrap_or_default();
    let holds = regex::Regex::new(&format!("(?i)^(?:{wanted})")).is_ok_and(|wanted| wanted.is_match(kind));
    let mismatch = (!holds).then(|| Mismatch {
        place: "link, content-type".to_owned(),
        expected: format!("a text like {wanted}"),
        actual: kind.to_owned(),
    });
    case.judge("link-content-type", mismatch)
}
