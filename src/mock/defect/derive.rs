//! Defects that follow from the rows of the contracts, under the ids of the requirements that follow from them too.

use super::answer::{AnswerChange, Codes, FieldBreach};
use super::behaviour::{Behaviour, OPTIONAL_COMMON};
use super::contracts::{Row, RowChange};
use super::{Change, Defect};
use crate::contract::{
    Aspect, Code, Contract, Contracts, Field, Operation, Parameter, ParameterType, Presence, SubCode,
};

/// Code that no contract documents.
const NO_CODE: &str = "999999";

pub(super) fn derive(contracts: &Contracts) -> Vec<Defect> {
    let mut defects = Vec::new();
    for (api, contract) in &contracts.by_api {
        products(api, contract, &mut defects);
        for operation in &contract.operations {
            let of = Of { api, operation, prefix: format!("{api}.{}", operation.name) };
            of.methods(&mut defects);
            of.limits(&mut defects);
            operation.request.iter().for_each(|row| of.parameter(row, &mut defects));
            operation.response.iter().for_each(|row| of.field(row, &mut defects));
            let name = of.name();
            let envelope = &operation.envelope;
            let mut add = |row| code((&of.prefix, name.as_ref(), &envelope.code), row, &[], &mut defects);
            operation.codes.iter().for_each(&mut add);
            operation.sub_codes.iter().for_each(|row| of.sub_code(row, &mut defects));
        }
        let literal: Vec<String> = literal_codes(contracts).map(str::to_owned).collect();
        contract.codes.iter().for_each(|row| code((api, None, "Code"), row, &literal, &mut defects));
    }
    defects
}

/// Every code that is documented as it stands.
fn literal_codes(contracts: &Contracts) -> impl Iterator<Item = &str> {
    let contracts = contracts.by_api.values();
    let of_operations =
        contracts.clone().flat_map(|contract| &contract.operations).flat_map(|operation| &operation.codes);
    let rows = of_operations.chain(contracts.flat_map(|contract| &contract.codes));
    rows.map(|row| row.code.as_str()).filter(|code| !code.contains('{'))
}

fn products(api: &str, contract: &Contract, defects: &mut Vec<Defect>) {
    for product in &contract.products {
        let id = format!("{api}.product.{}", product.code);
        let row = |row| Change::Row(RowChange { api: api.to_owned(), operation: None, row });
        let names = |parameter: &Parameter| parameter.values.contains(&product.code);
        if contract.operations.iter().any(|operation| operation.request.iter().any(names)) {
            let text = format!("refuses the product {}", product.code);
            defects.push(Defect::new(id.clone(), "refused", text, row(Row::Product(product.code.clone()))));
        }
        if let Some(qps) = product.qps {
            for (how, other) in limits(qps) {
                let text = format!("serves {other} calls of {} a second", product.code);
                let change = row(Row::ProductQps(product.code.clone(), other));
                defects.push(Defect::new(format!("{id}.qps"), how, text, change));
            }
        }
    }
}

/// Other limits than the documented one, the subtle first.
fn limits(qps: u32) -> [(&'static str, u32); 3] {
    [("one-more", qps + 1), ("one-less", qps.saturating_sub(1).max(1)), ("threefold", 3 * qps)]
}

/// An operation, for the rows that are its own.
struct Of<'a> {
    api: &'a str,
    operation: &'a Operation,
    prefix: String,
}

impl Of<'_> {
    fn row(&self, row: Row) -> Change {
        Change::Row(RowChange { api: self.api.to_owned(), operation: Some(self.operation.name.clone()), row })
    }

    /// Returns the name that its answers go by; those of the gateway are everybody's.
    fn name(&self) -> Option<String> {
        (self.api != "gateway").then(|| self.operation.name.clone())
    }

    fn methods(&self, defects: &mut Vec<Defect>) {
        for method in &self.operation.methods {
            let behaviour = match method.as_str() {
                "GET" => Behaviour::GetRefused,
                "POST" => Behaviour::PostRefused,
                _ => continue,
            };
            let text = format!("refuses {method}");
            defects.push(Defect::new(
                format!("{}.method.{method}", self.prefix),
                "refused",
                text,
                Change::Behaviour(behaviour),
            ));
        }
    }

    fn limits(&self, defects: &mut Vec<Defect>) {
        let Some(qps) = self.operation.qps else { return };
        for (how, other) in limits(qps) {
            let text = format!("serves {other} calls a second");
            let change = self.row(Row::OperationQps(other));
            defects.push(Defect::new(format!("{}.qps", self.prefix), how, text, change));
        }
    }

    /// The gateway reads its own parameters by code of its own, which rows do not reach.
    fn common_parameter(&self, row: &Parameter, defects: &mut Vec<Defect>) {
        let name = &row.name;
        let id = format!("{}.request.{name}.presence", self.prefix);
        if row.presence != Presence::Optional {
            let code = self.operation.refusals.missing.replace("{name}", name);
            let text = format!("answers with a code that nobody documents in place of {code}");
            let (path, to) = ("Code".to_owned(), NO_CODE.to_owned());
            let change = AnswerChange::Code { operation: None, path, code: Codes::One(code), to };
            defects.push(Defect::new(id, "swapped", text, Change::Answer(change)));
        } else if let Some(known) = OPTIONAL_COMMON.into_iter().find(|known| known == name) {
            for (how, text, behaviour) in [
                ("demanded", format!("demands {name}"), Behaviour::Demanded(known)),
                ("refused", format!("refuses calls with {name}"), Behaviour::RefusedWith(known)),
            ] {
                defects.push(Defect::new(id.clone(), how, text, Change::Behaviour(behaviour)));
            }
        }
    }

    fn parameter(&self, row: &Parameter, defects: &mut Vec<Defect>) {
        if self.api == "gateway" {
            return self.common_parameter(row, defects);
        }
        let name = &row.name;
        let mut add_row = |aspect: Aspect, how: &str, text: String, row: Row| {
            let id = format!("{}.request.{name}.{}", self.prefix, aspect.name());
            defects.push(Defect::new(id, how, text, self.row(row)));
        };
        if row.presence == Presence::Optional {
            add_row(Aspect::Presence, "refused", format!("refuses calls with {name}"), Row::Refused(name.clone()));
        }
        let mut add =
            |aspect: Aspect, how: &str, text: String| add_row(aspect, how, text, Row::Parameter(name.clone(), aspect));
        match row.presence {
            Presence::Optional => add(Aspect::Presence, "demanded", format!("demands {name}")),
            _ => add(Aspect::Presence, "not-demanded", format!("serves calls without {name}")),
        }
        let aspects = [
            (Aspect::Type, row.kind != ParameterType::String),
            (Aspect::Length, row.max_length.is_some()),
            (Aspect::Pattern, row.pattern.is_some()),
            (Aspect::Values, !row.values.is_empty()),
            (Aspect::Schema, row.schema.is_some()),
        ];
        for (aspect, _) in aspects.into_iter().filter(|(_, is_stated)| *is_stated) {
            add(aspect, "unchecked", format!("does not look at the {} of {name}", aspect.name()));
        }
    }

    fn field(&self, row: &Field, defects: &mut Vec<Defect>) {
        let path = &row.path;
        let operation = self.name();
        let mut add = |aspect: Aspect, how: &str, breach: FieldBreach, text: String| {
            let id = format!("{}.response.{path}.{}", self.prefix, aspect.name());
            let change = AnswerChange::Field { operation: operation.clone(), path: path.clone(), how: breach };
            defects.push(Defect::new(id, how, text, Change::Answer(change)));
        };
        if row.presence == Presence::Required || !row.required_when.is_empty() {
            add(Aspect::Presence, "dropped", FieldBreach::Dropped, format!("leaves {path} out"));
            add(Aspect::Presence, "null", FieldBreach::Null, format!("answers null for {path}"));
        }
        if !row.absent_when.is_empty() {
            let text = row.example.clone().unwrap_or_else(|| "x".to_owned());
            add(Aspect::Presence, "added", FieldBreach::Added(text), format!("always answers with {path}"));
        }
        let retyped = FieldBreach::Retyped(row.kind);
        add(Aspect::Type, "retyped", retyped, format!("answers with {path} that is not {}", row.kind.name()));
        if !row.values.is_empty() {
            let other = FieldBreach::Text("IDVET-OTHER".to_owned());
            add(Aspect::Values, "other", other, format!("answers with a {path} of no documented value"));
        }
        if row.pattern.is_some() {
            let other = FieldBreach::Text("!?".to_owned());
            add(Aspect::Pattern, "other", other, format!("answers with a {path} of another form"));
        }
        if let Some(length) = row.max_length {
            let long = FieldBreach::Text("x".repeat(length as usize + 1));
            add(Aspect::Length, "longer", long, format!("answers with a {path} that is too long"));
        }
    }

    fn sub_code(&self, row: &SubCode, defects: &mut Vec<Defect>) {
        let Some(path) = &self.operation.envelope.sub_code else { return };
        let id = format!("{}.sub-code.{}", self.prefix, row.code);
        // One of the same verdict first: that is the subtle one.
        let others = self.operation.sub_codes.iter().filter(|other| other.code != row.code);
        let other = others.clone().find(|other| other.passed == row.passed).or_else(|| others.clone().next());
        if let Some(other) = other {
            let text = format!("answers with sub-code {} in place of {}", other.code, row.code);
            let (code, to) = (row.code.clone(), other.code.clone());
            let operation = Some(self.operation.name.clone());
            let change = AnswerChange::Code { operation, path: path.clone(), code: Codes::One(code), to };
            defects.push(Defect::new(id.clone(), "swapped", text, Change::Answer(change)));
        }
        if let (Some(_), Some(passed)) = (&row.passed, &self.operation.envelope.passed) {
            let text = format!("answers with the opposite verdict beside sub-code {}", row.code);
            let change = AnswerChange::Verdict {
                operation: self.operation.name.clone(),
                sub_path: path.clone(),
                sub_code: row.code.clone(),
                path: passed.clone(),
            };
            defects.push(Defect::new(format!("{id}.passed"), "opposite", text, Change::Answer(change)));
        }
        if let Some(billed) = row.billed {
            let text = format!(
                "{} a verification with sub-code {}",
                if billed { "does not count" } else { "counts" },
                row.code
            );
            let change = self.row(Row::Billed(row.code.clone(), !billed));
            defects.push(Defect::new(format!("{id}.billing"), "opposite", text, change));
        }
    }
}

/// A code of an operation, or of all. `{name}` in it stands for the name of a parameter.
fn code(
    (prefix, operation, path): (&str, Option<&String>, &str),
    row: &Code,
    literal: &[String],
    defects: &mut Vec<Defect>,
) {
    let id = format!("{prefix}.code.{}", row.code);
    let (operation, path) = (operation.cloned(), path.to_owned());
    let code = match row.code.strip_suffix("{name}") {
        Some(prefix) => Codes::Named { prefix: prefix.to_owned(), except: literal.to_vec() },
        None => Codes::One(row.code.clone()),
    };
    let to = NO_CODE.to_owned();
    let change = AnswerChange::Code { operation: operation.clone(), path: path.clone(), code: code.clone(), to };
    let text = format!("answers with a code that nobody documents in place of {}", row.code);
    defects.push(Defect::new(id.clone(), "swapped", text, Change::Answer(change)));
    let accepted = |status: &u16| *status == row.http_status || row.http_status_also.contains(status);
    let Some(status) = [400, 200, 500, 403].into_iter().find(|status| !accepted(status)) else { return };
    let change = AnswerChange::Status { operation, path, code, status };
    let text = format!("answers code {} with HTTP {status}", row.code);
    defects.push(Defect::new(format!("{id}.http-status"), "other", text, Change::Answer(change)));
}
