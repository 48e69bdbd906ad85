//! Conditions on the figures of a run: `p99(init) < 300ms`, `error_rate < 0.1%`, `throttled == 0`.
//!
//! | metric | of | value |
//! |---|---|---|
//! | `p50` … `p99.99`, `max`, `mean` | latency from the due time, good answers | a length of time |
//! | `service_p99` and so on | the same from the first byte sent | a length of time |
//! | `error_rate` | failed calls (no answer, or one of the service's own failing) of all sent | a share in % |
//! | `refusal_rate`, `throttle_rate` | answers of that class of all sent | a share in % |
//! | `throttled`, `failed`, `refused`, `dropped`, `wrong` | how many | a number |
//! | `goodput`, `throughput` | good answers, all answers, a second | a number |
//!
//! A step's name in brackets restricts a metric to that step; `dropped` is of arrivals and takes none.

use super::span::Span;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As written.
    pub text: String,
    pub metric: Metric,
    pub step: Option<String>,
    pub relation: Relation,
    /// Microseconds, a share (0.001 for 0.1 %), or a number, as the metric has it.
    pub value: f64,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    Latency(Statistic),
    Service(Statistic),
    ErrorRate,
    RefusalRate,
    ThrottleRate,
    Throttled,
    Failed,
    Refused,
    Dropped,
    Wrong,
    Goodput,
    Throughput,
}

/// One figure of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    Mean,
    /// From 0 to 100; 100 is the maximum.
    Percentile(f64),
}

/// How figure and value have to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

const RELATIONS: &[(&str, Relation)] = &[
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("<", Relation::Below),
    (">", Relation::Above),
];

impl Relation {
    /// Says whether a figure stands so to a value.
    pub fn holds(self, figure: f64, value: f64) -> bool {
        match self {
            Self::Below => figure < value,
            Self::AtMost => figure <= value,
            Self::Above => figure > value,
            Self::AtLeast => figure >= value,
            Self::Equal => figure == value,
        }
    }
}

impl Threshold {
    /// Parses a condition.
    ///
    /// # Errors
    /// A fragment that says what is not understood, and what would be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = RELATIONS.iter().filter_map(|(sign, relation)| Some((text.find(sign)?, *sign, *relation)));
        // `<=` before `<`, which stands at the same place.
        let (at, sign, relation) = found
            .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())))
            .ok_or_else(|| format!("`{text}` compares nothing: write it like `p99(init) < 300ms`"))?;
        let (left, right) = (text[..at].trim(), text[at + sign.len()..].trim());
        let (name, step) = match left.split_once('(') {
            None => (left, None),
            Some((name, rest)) => {
                let step = rest.strip_suffix(')').ok_or_else(|| format!("`{left}` lacks its closing bracket"))?;
                (name.trim(), Some(step.trim().to_owned()))
            }
        };
        let metric = Metric::parse(name)?;
        if metric == Metric::Dropped && step.is_some() {
            return Err("`dropped` is of arrivals and takes no step".to_owned());
        }
        let value = metric.value(right)?;
        Ok(Self { text: text.trim().to_owned(), metric, step, relation, value })
    }
}

impl Metric {
    fn parse(name: &str) -> Result<Self, String> {
        let named = [
            ("error_rate", Self::ErrorRate),
            ("refusal_rate", Self::RefusalRate),
            ("throttle_rate", Self::ThrottleRate),
            ("throttled", Self::Throttled),
            ("failed", Self::Failed),
            ("refused", Self::Refused),
            ("dropped", Self::Dropped),
            ("wrong", Self::Wrong),
            ("goodput", Self::Goodput),
            ("throughput", Self::Throughput),
        ];
        if let Some((_, metric)) = named.iter().find(|(known, _)| *known == name) {
            return Ok(*metric);
        }
        let (service, rest) = match name.strip_prefix("service_") {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let statistic = Statistic::parse(rest).ok_or_else(|| {
            let known: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
            format!(
                "`{name}` is no metric: there are p50 to p99.99, max, mean, service_p99 and so on, {}",
                known.join(", ")
            )
        })?;
        Ok(if service { Self::Service(statistic) } else { Self::Latency(statistic) })
    }

    fn value(self, text: &str) -> Result<f64, String> {
        let number = |text: &str| {
            let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
            number.ok_or_else(|| format!("`{text}` is no number"))
        };
        match self {
            Self::Latency(_) | Self::Service(_) => Ok(Span::parse(text)?.0 as f64 / 1e3),
            Self::ErrorRate | Self::RefusalRate | Self::ThrottleRate => match text.strip_suffix('%') {
                Some(percent) => Ok(number(percent)? / 100.0),
                None => Err(format!("`{text}` is no share: write it like 0.1%")),
            },
            _ => number(text),
        }
    }
}

impl Statistic {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "max" => Some(Self::Percentile(100.0)),
            "mean" => Some(Self::Mean),
            _ => {
                let percentile: f64 = name.strip_prefix('p')?.parse().ok()?;
                (percentile > 0.0 && percentile <= 100.0).then_some(Self::Percentile(percentile))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        for (text, metric, step, relation, value) in [
            (
                "p99(init) < 300ms",
                Metric::Latency(Statistic::Percentile(99.0)),
                Some("init"),
                Relation::Below,
                300_000.0,
            ),
            ("service_p99.9<=1s", Metric::Service(Statistic::Percentile(99.9)), None, Relation::AtMost, 1e6),
            ("max(query) < 2s", Metric::Latency(Statistic::Percentile(100.0)), Some("query"), Relation::Below, 2e6),
            ("error_rate < 0.1%", Metric::ErrorRate, None, Relation::Below, 0.001),
            ("throttled == 0", Metric::Throttled, None, Relation::Equal, 0.0),
            ("goodput(init) >= 44.5", Metric::Goodput, Some("init"), Relation::AtLeast, 44.5),
        ] {
            let expected = Threshold { text: text.to_owned(), metric, step: step.map(str::to_owned), relation, value };
            assert_eq!(Threshold::parse(text), Ok(expected));
        }
    }

    #[test]
    fn what_is_not_understood_says_so() {
        for (text, word) in [
            ("p99 300ms", "compares nothing"),
            ("p99(init < 300ms", "closing bracket"),
            ("p101 < 1s", "no metric"),
            ("latency < 1s", "no metric"),
            ("p99 < 300", "no length of time"),
            ("error_rate < 0.1", "no share"),
            ("throttled == none", "no number"),
            ("dropped(init) == 0", "takes no step"),
        ] {
            let error = Threshold::parse(text).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn relations_hold_at_their_edges() {
        let edges = [Relation::Below, Relation::AtMost, Relation::Above, Relation::AtLeast, Relation::Equal];
        assert_eq!(edges.map(|relation| relation.holds(1.0, 1.0)), [false, true, false, true, true]);
        assert_eq!(edges.map(|relation| relation.holds(0.9, 1.0)), [true, true, false, false, false]);
    }
}
