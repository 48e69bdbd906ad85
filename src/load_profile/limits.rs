//! Which limits of calls a second a profile runs into: those documented, and those of the target's budget.

use super::load::PlannedCall;
use crate::contract::Contracts;
use crate::target::model::Budgets;

/// A limit is held over a little more than a second, since what leaves here evenly may arrive closer together.
/// Nanoseconds.
pub const WINDOW: u64 = 1_020_000_000;

/// A limit of calls a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub api: String,
    /// The operation whose calls count; absent: all of the API.
    pub operation: Option<String>,
    /// The product whose calls count; absent: all.
    pub product: Option<String>,
    /// Calls in any one second.
    pub per_second: u32,
    pub origin: LimitOrigin,
}

/// Where a limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitOrigin {
    /// The contract: per account, product and operation.
    Documented,
    /// The target's budget: all calls of the API.
    Budget,
}

impl Limit {
    /// Returns the even rate that the limit carries, calls a second.
    pub fn sustainable(&self) -> f64 {
        f64::from(self.per_second) * 1e9 / WINDOW as f64
    }

    /// Returns what counts, as reports name it.
    pub fn name(&self) -> String {
        let operation = self.operation.as_deref().unwrap_or("all operations");
        match &self.product {
            Some(product) => format!("{}.{operation}, {product}", self.api),
            None => format!("{}.{operation}", self.api),
        }
    }
}

/// The limits of a profile, and which of them each call counts against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    pub limits: Vec<Limit>,
    /// By position of the call among the profile's calls.
    pub of_call: Vec<Vec<usize>>,
}

impl Limits {
    /// Finds the limits of calls; those documented are left out where the profile means to go beyond them.
    pub fn of(calls: &[PlannedCall], contracts: &Contracts, budgets: &Budgets, beyond: bool) -> Self {
        let mut limits = Self::default();
        for call in calls {
            let mut of_call = Vec::new();
            if let Some(limit) = documented(call, contracts).filter(|_| !beyond) {
                of_call.push(limits.position(limit));
            }
            if let Some(per_second) = budgets.qps.get(&call.api) {
                let origin = LimitOrigin::Budget;
                let limit =
                    Limit { api: call.api.clone(), operation: None, product: None, per_second: *per_second, origin };
                of_call.push(limits.position(limit));
            }
            limits.of_call.push(of_call);
        }
        limits
    }

    /// Returns the limits that each of `n` processes holds, so that all of them together hold these.
    ///
    /// # Errors
    /// A fragment, for a limit that leaves nothing for each.
    pub fn split(mut self, n: u64) -> Result<Self, String> {
        for limit in &mut self.limits {
            let each = u64::from(limit.per_second) / n.max(1);
            if each == 0 {
                return Err(format!("{}: {} calls a second cannot be split among {n}", limit.name(), limit.per_second));
            }
            limit.per_second = u32::try_from(each).unwrap_or(u32::MAX);
        }
        Ok(self)
    }

    fn position(&mut self, limit: Limit) -> usize {
        self.limits.iter().position(|known| *known == limit).unwrap_or_else(|| {
            self.limits.push(limit);
            self.limits.len() - 1
        })
    }
}

fn documented(call: &PlannedCall, contracts: &Contracts) -> Option<Limit> {
    let contract = contracts.by_api.get(&call.api)?;
    let of_product = |name: &String| contract.products.iter().find(|product| product.code == *name)?.qps;
    let operation = contracts.operation(&call.api, &call.operation)?;
    let product = call.product.as_ref().filter(|name| of_product(name).is_some());
    let per_second = product.and_then(of_product).or(operation.qps)?;
    Some(Limit {
        api: call.api.clone(),
        operation: Some(call.operation.clone()),
        product: product.cloned(),
        per_second,
        origin: LimitOrigin::Documented,
    })
}
