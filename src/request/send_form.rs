//! Where parameters travel and how they are written: query or form, space as `%20` or `+`, order.

use std::borrow::Cow;

use crate::contract::{Operation, Place};
use crate::exchange::encode_pairs;
use crate::suite::{Difference, SpaceAs, Wire, WireOrder, WirePlace};

/// The wire form of one call, the difference laid over what the twin shares.
#[derive(Debug, Clone)]
pub(super) struct SendForm<'a> {
    pub(super) wire: Cow<'a, Wire>,
    pub(super) method: String,
    business_in_form: bool,
    pub(super) common_in_form: bool,
}

impl<'a> SendForm<'a> {
    pub(super) fn of(wire: &'a Wire, differs: Option<&Difference>, operation: &Operation) -> Self {
        let wire = match differs {
            Some(Difference::Wire(difference)) => Cow::Owned(laid_over(wire, difference)),
            _ => Cow::Borrowed(wire),
        };
        let method = wire.method.clone().unwrap_or_else(|| "POST".to_owned());
        // A GET has no body, whatever the contract says of where parameters go.
        let bodiless = method.eq_ignore_ascii_case("GET") || method.eq_ignore_ascii_case("HEAD");
        let place = wire.place.as_ref().map(crate::suite::Choice::get);
        let business_in_form = match place {
            Some(WirePlace::Query) => false,
            Some(WirePlace::Form | WirePlace::Split) => true,
            None => !bodiless && documented_in_form(operation),
        };
        Self { business_in_form, common_in_form: place == Some(WirePlace::Form), method, wire }
    }

    /// Splits pairs into those of the query and those of the form, as text. `common` are V1 parameters that signing
    /// leaves as they are; `duplicates` go where their first is, but into the query when that was split off.
    pub(super) fn written(
        &self,
        common: Vec<(String, String)>,
        business: Vec<(String, String)>,
        duplicates: Vec<(String, String)>,
    ) -> (String, String) {
        let split = self.business_in_form && !self.common_in_form;
        let (mut query, mut form) = (Vec::new(), Vec::new());
        if self.common_in_form {
            form.extend(common)
        } else {
            query.extend(common)
        }
        if self.business_in_form {
            form.extend(business)
        } else {
            query.extend(business)
        }
        if self.business_in_form && !split {
            form.extend(duplicates)
        } else {
            query.extend(duplicates)
        }
        (self.text(query), self.text(form))
    }

    fn text(&self, mut pairs: Vec<(String, String)>) -> String {
        match self.wire.order.as_ref().map(crate::suite::Choice::get) {
            Some(WireOrder::Sorted) => pairs.sort(),
            Some(WireOrder::Reversed) => pairs.sort_by(|a, b| b.cmp(a)),
            None => {}
        }
        let text = encode_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        match self.wire.space.as_ref().map(crate::suite::Choice::get) {
            Some(SpaceAs::Plus) => text.replace("%20", "+"),
            _ => text,
        }
    }
}

fn documented_in_form(operation: &Operation) -> bool {
    operation.request.iter().any(|parameter| matches!(parameter.place, Place::Body | Place::ServiceParameters))
}

fn laid_over(shared: &Wire, difference: &Wire) -> Wire {
    let mut headers = shared.headers.clone();
    headers.extend(difference.headers.clone());
    let mut signed_headers = shared.signed_headers.clone();
    signed_headers.extend(difference.signed_headers.clone());
    Wire {
        method: difference.method.clone().or_else(|| shared.method.clone()),
        scheme: difference.scheme.clone().or_else(|| shared.scheme.clone()),
        place: difference.place.clone().or_else(|| shared.place.clone()),
        space: difference.space.clone().or_else(|| shared.space.clone()),
        chunked: difference.chunked.or(shared.chunked),
        order: difference.order.clone().or_else(|| shared.order.clone()),
        signed_headers,
        signature_first: difference.signature_first.or(shared.signature_first),
        headers,
        plain_http: difference.plain_http.or(shared.plain_http),
    }
}
