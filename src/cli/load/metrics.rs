//! Figures of a load run while it runs, for whoever scrapes them: OpenMetrics over HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::event::{Event, LoadClass, LoadInterval};
use crate::load_summary::read_histogram;

/// What is served.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics(Arc<Mutex<Figures>>);

#[derive(Debug)]
struct Figures {
    steps: Vec<String>,
    registry: Registry,
    calls: Family<Labels, Counter>,
    /// Of the last second.
    latency: Family<Labels, Gauge<f64, AtomicU64>>,
    due: Counter,
    dropped: Counter,
    finished: Counter,
    abandoned: Counter,
    wrong: Counter,
    open: Gauge,
}

type Labels = Vec<(&'static str, String)>;

impl Default for Figures {
    fn default() -> Self {
        let mut figures = Self {
            steps: Vec::new(),
            registry: Registry::with_prefix("idvet_load"),
            calls: Family::default(),
            latency: Family::default(),
            due: Counter::default(),
            dropped: Counter::default(),
            finished: Counter::default(),
            abandoned: Counter::default(),
            wrong: Counter::default(),
            open: Gauge::default(),
        };
        let Self { registry, calls, latency, due, dropped, finished, abandoned, wrong, open, .. } = &mut figures;
        registry.register("calls", "Answers, and calls that had none", calls.clone());
        let help = "Latency of good answers of the last second";
        registry.register_with_unit("latency", help, Unit::Seconds, latency.clone());
        for (name, help, counter) in [
            ("arrivals", "Arrivals that were due", due),
            ("dropped", "Calls that could not be sent in time", dropped),
            ("finished", "Transactions that came to their end", finished),
            ("abandoned", "Transactions that ended before", abandoned),
            ("wrong", "Answers that break the contract, of those held against it", wrong),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register("open_connections", "Connections open at the end of the last second", open.clone());
        figures
    }
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
        self.due.inc_by(interval.due);
        self.dropped.inc_by(interval.dropped);
        self.finished.inc_by(interval.finished);
        self.abandoned.inc_by(interval.abandoned);
        self.wrong.inc_by(interval.wrong);
        self.open.set(i64::try_from(interval.open).unwrap_or(i64::MAX));
        self.latency.clear();
        for row in &interval.rows {
            let Some(step) = self.steps.get(row.step as usize) else { continue };
            let labels = vec![("step", step.clone()), ("class", class(row.class).to_owned())];
            self.calls.get_or_create(&labels).inc_by(row.calls);
            let Some(latency) = read_histogram(&row.latency).ok().filter(|_| row.class == LoadClass::Ok) else {
                continue;
            };
            for (name, quantile) in QUANTILES {
                let labels = vec![("step", step.clone()), ("quantile", name.to_owned())];
                self.latency.get_or_create(&labels).set(latency.value_at_quantile(quantile) as f64 / 1e6);
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
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
