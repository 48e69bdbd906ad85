//! Defects that are a matter of data: one row of a contract says something else.

use super::{Change, Defect};
use crate::contract::{Aspect, Contracts, Operation, Parameter, ParameterType, Presence};

/// A row and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowChange {
    pub(super) api: String,
    /// Absent for rows of the whole API.
    pub(super) operation: Option<String>,
    pub(super) row: Row,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Row {
    /// An aspect of a parameter no longer binds (an optional one is demanded).
    Parameter(String, Aspect),
    /// A parameter is refused whatever it holds.
    Refused(String),
    /// A product is no value of the parameter that selects it.
    Product(String),
    /// A product is served so many times a second.
    ProductQps(String, u32),
    /// So is an operation.
    OperationQps(u32),
    /// A sub-code is billed, or not.
    Billed(String, bool),
}

/// Returns the contracts that a mock with a defect is started from, or nothing where they stay as they are.
pub(in crate::mock) fn rewrite(contracts: &Contracts, defect: &Defect) -> Option<Contracts> {
    let Change::Row(change) = &defect.change else { return None };
    let mut contracts = contracts.clone();
    let contract = contracts.by_api.get_mut(&change.api)?;
    if let Row::ProductQps(code, qps) = &change.row {
        contract
            .products
            .iter_mut()
            .filter(|product| product.code == *code)
            .for_each(|product| product.qps = Some(*qps));
    }
    let named = |operation: &&mut Operation| change.operation.as_ref().is_none_or(|name| operation.name == *name);
    contract.operations.iter_mut().filter(named).for_each(|operation| rewrite_operation(operation, &change.row));
    Some(contracts)
}

fn rewrite_operation(operation: &mut Operation, row: &Row) {
    match row {
        Row::Parameter(name, aspect) => {
            let rows = operation.request.iter_mut().filter(|parameter| parameter.name == *name);
            rows.for_each(|parameter| loosen(parameter, *aspect));
        }
        Row::Refused(name) => {
            let rows = operation.request.iter_mut().filter(|parameter| parameter.name == *name);
            // A text that nobody sends.
            rows.for_each(|parameter| parameter.pattern = Some("^nobody sends this$".to_owned()));
        }
        Row::Product(code) => {
            operation.request.iter_mut().for_each(|parameter| parameter.values.retain(|value| value != code));
        }
        Row::OperationQps(qps) => operation.qps = Some(*qps),
        Row::Billed(code, billed) => {
            let rows = operation.sub_codes.iter_mut().filter(|row| row.code == *code);
            rows.for_each(|row| row.billed = Some(*billed));
        }
        Row::ProductQps(..) => {}
    }
}

fn loosen(parameter: &mut Parameter, aspect: Aspect) {
    match aspect {
        Aspect::Presence if parameter.presence == Presence::Optional => parameter.presence = Presence::Required,
        Aspect::Presence => parameter.presence = Presence::Optional,
        Aspect::Type => parameter.kind = ParameterType::String,
        Aspect::Length => parameter.max_length = None,
        Aspect::Pattern => parameter.pattern = None,
        Aspect::Values => parameter.values.clear(),
        Aspect::Schema => parameter.schema = None,
        Aspect::HttpStatus | Aspect::Billing | Aspect::Passed => {}
    }
}
