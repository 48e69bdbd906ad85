//! Figures of a load run while it runs, for whoever scrapes them: OpenMetrics over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use crate::event::{Event, LoadClass, LoadInterval};
use crate::load_summary::read_histogram;

/// What is served.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics(Arc<Mutex<Figures>>);

#[derive(Debug, Default)]
struct Figures {
    steps: Vec<String>,
    calls: BTreeMap<(String, &'static str), u64>,
    /// Of the last second: step and quantile to seconds.
    latency: BTreeMap<(String, &'static str), f64>,
    due: u64,
    dropped: u64,
    finished: u64,
    abandoned: u64,
    wrong: u64,
    open: u64,
}

const QUANTILES: [(&str, f64); 3] = [("0.5", 0.5), ("0.99", 0.99), ("0.999", 0.999)];

impl Metrics {
    /// Takes note of an event.
    pub(super) fn hear(&self, event: &Event) {
        let mut figures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::LoadPlanned(planned) => {
                figures.steps = planned.steps.iter().map(|step| step.step.clone()).collect();
            }
            Event::LoadInterval(interval) => figures.add(interval),
            _ => {}
        }
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// Serves at an address until the runtime ends; returns the address.
    ///
    /// # Errors
    /// When it cannot be listened on.
    pub(super) async fn serve(&self, address: SocketAddr) -> std::io::Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let metrics = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let metrics = metrics.clone();
                let service = service_fn(move |request| {
                    let reply = reply(&metrics, &request);
                    async move { Ok::<_, Infallible>(reply) }
                });
                tokio::spawn(async move {
                    // A scraper that breaks off concerns nobody else.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(address)
    }
}

fn reply(metrics: &Metrics, request: &Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        let mut reply = Response::new(Full::new(Bytes::from_static(b"see /metrics\n")));
        *reply.status_mut() = StatusCode::NOT_FOUND;
        return reply;
    }
    let mut reply = Response::new(Full::new(Bytes::from(metrics.text())));
    let kind = hyper::header::HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    reply.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    reply
}

impl Figures {
    fn add(&mut self, interval: &LoadInterval) {
        self.due += interval.due;
        self.dropped += interval.dropped;
        self.finished += interval.finished;
        self.abandoned += interval.abandoned;
        self.wrong += interval.wrong;
        self.open = interval.open;
        self.latency.clear();
        for row in &interval.rows {
            let Some(step) = self.steps.get(row.step as usize).cloned() else { continue };
            *self.calls.entry((step.clone(), class(row.class))).or_default() += row.calls;
            let Some(latency) = read_histogram(&row.latency).ok().filter(|_| row.class == LoadClass::Ok) else {
                continue;
            };
            for (name, quantile) in QUANTILES {
                self.latency.insert((step.clone(), name), latency.value_at_quantile(quantile) as f64 / 1e6);
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let mut family = |name: &str, kind: &str, help: &str, samples: Vec<(String, String)>| {
            let _ = writeln!(text, "# TYPE {name} {kind}\n# HELP {name} {help}");
            let suffix = if kind == "counter" { "_total" } else { "" };
            for (labels, value) in samples {
                let _ = writeln!(text, "{name}{suffix}{labels} {value}");
            }
        };
        let calls = self
            .calls
            .iter()
            .map(|((step, class), count)| (format!("{{step=\"{step}\",class=\"{class}\"}}"), count.to_string()));
        family("idvet_load_calls", "counter", "Answers, and calls that had none.", calls.collect());
        let latency = self.latency.iter().map(|((step, quantile), seconds)| {
            (format!("{{step=\"{step}\",quantile=\"{quantile}\"}}"), format!("{seconds:.6}"))
        });
        family("idvet_load_latency_seconds", "gauge", "Latency of good answers of the last second.", latency.collect());
        for (name, help, count) in [
            ("idvet_load_arrivals", "Arrivals that were due.", self.due),
            ("idvet_load_dropped", "Calls that could not be sent in time.", self.dropped),
            ("idvet_load_finished", "Transactions that came to their end.", self.finished),
            ("idvet_load_abandoned", "Transactions that ended before.", self.abandoned),
            ("idvet_load_wrong", "Answers that break the contract, of those held against it.", self.wrong),
        ] {
            family(name, "counter", help, vec![(String::new(), count.to_string())]);
        }
        let open = vec![(String::new(), self.open.to_string())];
        family("idvet_load_open_connections", "gauge", "Connections open at the end of the last second.", open);
        text.push_str("# EOF\n");
        text
    }
}

fn class(class: LoadClass) -> &'static str {
    match class {
        LoadClass::Ok => "ok",
        LoadClass::Refused => "refused",
        LoadClass::Throttled => "throttled",
        LoadClass::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::load_summary::fixture::{MadeUp, row, second};

    #[tokio::test(flavor = "multi_thread")]
    async fn figures_are_served_as_they_come() {
        let metrics = Metrics::default();
        let address = metrics.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let seconds = vec![
            second(0, vec![row(LoadClass::Ok, "200", &[2_000; 10], 0)]),
            second(1, vec![row(LoadClass::Ok, "200", &[4_000; 5], 0), row(LoadClass::Failed, "time-out", &[9; 2], 0)]),
        ];
        MadeUp::new(seconds).events().iter().for_each(|event| metrics.hear(event));
        let ask = move |path: &str| {
            let mut stream = std::net::TcpStream::connect(address).expect("connects");
            write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").expect("sent");
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("an answer");
            text
        };
        let (served, other) =
            tokio::task::spawn_blocking(move || (ask("/metrics"), ask("/"))).await.expect("an answer");
        for line in [
            "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8",
            "idvet_load_calls_total{step=\"init\",class=\"ok\"} 15",
            "idvet_load_calls_total{step=\"init\",class=\"failed\"} 2",
            "idvet_load_latency_seconds{step=\"init\",quantile=\"0.99\"} 0.00400",
            "idvet_load_arrivals_total 17",
        ] {
            assert!(served.contains(line), "{line}:\n{served}");
        }
        assert!(served.ends_with("# EOF\n") && other.starts_with("HTTP/1.1 404"), "{other}");
    }
}
