//! Requirements derived from the rows of a contract: ids, levels and texts.

use super::{
    Aspect, Code, Confidence, Contract, Field, FieldType, Level, Operation, Parameter, ParameterType, Presence,
    Product, Requirement, Rule, SubCode, Text, Unexercised, wording,
};

/// Derives every requirement of a contract, in the order of its rows.
pub(super) fn derive(contract: &Contract) -> Vec<Requirement> {
    let mut list = List { contract, operation: None, requirements: Vec::new() };
    for product in &contract.products {
        list.product(product);
    }
    for operation in &contract.operations {
        list.operation(operation);
    }
    list.operation = None;
    for code in &contract.codes {
        list.code(&contract.api, code);
    }
    for rule in &contract.rules {
        list.rule(rule);
    }
    list.requirements
}

/// Says whether an id matches a pattern in which `*` stands for any run of characters.
pub(super) fn matches(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == id,
        Some((head, rest)) => id.strip_prefix(head).is_some_and(|tail| {
            rest.is_empty() || (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))
        }),
    }
}

struct List<'a> {
    contract: &'a Contract,
    operation: Option<&'a Operation>,
    requirements: Vec<Requirement>,
}

/// What a row says about how far it is backed.
struct Backing<'a> {
    confidence: Confidence,
    inferred: &'a [Aspect],
    sources: &'a [String],
}

impl Backing<'_> {
    /// Lowers a level to INFO where the row, or this aspect of it, is not documented or observed.
    fn level(&self, level: Level, aspect: Option<Aspect>) -> Level {
        let weak = !matches!(self.confidence, Confidence::Documented | Confidence::Observed)
            || aspect.is_some_and(|aspect| self.inferred.contains(&aspect));
        if weak { Level::Info } else { level }
    }
}

impl<'a> List<'a> {
    fn push(&mut self, id: String, level: Level, text: Text, sources: &[String]) {
        let unexercised: Option<&Unexercised> =
            self.contract.unexercised.iter().find(|one| matches(&one.requirement, &id));
        let citations = sources
            .iter()
            .filter_map(|key| self.contract.sources.get(key))
            .map(|source| match &source.note {
                Some(note) => format!("{} ({note})", source.at),
                None => source.at.clone(),
            })
            .collect();
        self.requirements.push(Requirement {
            id,
            level,
            api: self.contract.api.clone(),
            operation: self.operation.map(|operation| operation.name.clone()),
            text,
            citations,
            unexercised: unexercised.map(|one| one.reason.clone()),
        });
    }

    fn product(&mut self, product: &Product) {
        let backing = Backing { confidence: product.confidence, inferred: &[], sources: &product.sources };
        let level = backing.level(Level::Must, None);
        let id = format!("{}.product.{}", self.contract.api, product.code);
        if let Some(qps) = product.qps {
            self.push(format!("{id}.qps"), level, wording::product_qps(&product.code, qps), backing.sources);
            let last = self.requirements.len() - 1;
            self.push(id, level, wording::product(product), backing.sources);
            self.requirements.swap(last, last + 1);
        } else {
            self.push(id, level, wording::product(product), backing.sources);
        }
    }

    fn operation(&mut self, operation: &'a Operation) {
        self.operation = Some(operation);
        let prefix = format!("{}.{}", self.contract.api, operation.name);
        for method in &operation.methods {
            let text = wording::method(&operation.name, method);
            self.push(format!("{prefix}.method.{method}"), Level::Must, text, &operation.sources);
        }
        if let Some(qps) = operation.qps {
            let text = wording::operation_qps(&operation.name, qps);
            self.push(format!("{prefix}.qps"), Level::Must, text, &operation.sources);
        }
        for parameter in &operation.request {
            self.parameter(&prefix, operation, parameter);
        }
        for field in &operation.response {
            self.field(&prefix, field);
        }
        for code in &operation.codes {
            self.code(&prefix, code);
        }
        for sub_code in &operation.sub_codes {
            self.sub_code(&prefix, operation, sub_code);
        }
    }

    fn parameter(&mut self, prefix: &str, operation: &Operation, row: &Parameter) {
        let refusals = &operation.refusals;
        let backing = Backing { confidence: row.confidence, inferred: &row.inferred, sources: &row.sources };
        let presence = match row.presence {
            Presence::Required => refusals.missing_level,
            Presence::Conditional if !row.required_when.is_empty() => refusals.missing_level,
            Presence::Conditional => Level::Info,
            Presence::Optional => Level::Should,
        };
        let mut aspects = vec![(Aspect::Presence, presence)];
        let invalid = refusals.invalid_level;
        aspects.extend((row.kind != ParameterType::String).then_some((Aspect::Type, invalid)));
        aspects.extend(row.max_length.map(|_| (Aspect::Length, invalid)));
        aspects.extend(row.pattern.as_ref().map(|_| (Aspect::Pattern, invalid)));
        aspects.extend((!row.values.is_empty()).then_some((Aspect::Values, invalid)));
        aspects.extend(row.schema.as_ref().map(|_| (Aspect::Schema, invalid)));
        for (aspect, level) in aspects {
            let id = format!("{prefix}.request.{}.{}", row.name, aspect.name());
            let text = wording::parameter(row, refusals, aspect);
            self.push(id, backing.level(level, Some(aspect)), text, backing.sources);
        }
    }

    fn field(&mut self, prefix: &str, row: &Field) {
        let backing = Backing { confidence: row.confidence, inferred: &row.inferred, sources: &row.sources };
        let judged =
            row.presence == Presence::Required || !(row.required_when.is_empty() && row.absent_when.is_empty());
        let presence = if judged { Level::Must } else { Level::Info };
        let mut aspects = vec![(Aspect::Presence, presence), (Aspect::Type, Level::Must)];
        aspects.extend((!row.values.is_empty()).then_some((Aspect::Values, Level::Must)));
        aspects.extend(row.pattern.as_ref().map(|_| (Aspect::Pattern, Level::Must)));
        aspects.extend(row.max_length.map(|_| (Aspect::Length, Level::Must)));
        for (aspect, level) in aspects {
            let id = format!("{prefix}.response.{}.{}", row.path, aspect.name());
            self.push(id, backing.level(level, Some(aspect)), wording::field(row, aspect), backing.sources);
        }
    }

    fn code(&mut self, prefix: &str, row: &Code) {
        let backing = Backing { confidence: row.confidence, inferred: &row.inferred, sources: &row.sources };
        let id = format!("{prefix}.code.{}", row.code);
        self.push(id.clone(), backing.level(Level::Must, None), wording::code(row), backing.sources);
        let level = backing.level(Level::Must, Some(Aspect::HttpStatus));
        self.push(format!("{id}.http-status"), level, wording::http_status(row), backing.sources);
    }

    fn sub_code(&mut self, prefix: &str, operation: &Operation, row: &SubCode) {
        let backing = Backing { confidence: row.confidence, inferred: &row.inferred, sources: &row.sources };
        let id = format!("{prefix}.sub-code.{}", row.code);
        let name = operation.envelope.sub_code.as_deref().unwrap_or_default();
        self.push(id.clone(), backing.level(Level::Must, None), wording::sub_code(name, row), backing.sources);
        if let Some(passed) = &row.passed {
            let field = operation.envelope.passed.as_deref().unwrap_or_default();
            let text = wording::passed(name, &row.code, field, passed);
            self.push(format!("{id}.passed"), backing.level(Level::Must, Some(Aspect::Passed)), text, backing.sources);
        }
        if let Some(billed) = row.billed {
            let text = wording::billing(name, &row.code, billed);
            let level = backing.level(Level::Must, Some(Aspect::Billing));
            self.push(format!("{id}.billing"), level, text, backing.sources);
        }
    }

    fn rule(&mut self, row: &Rule) {
        let backing = Backing { confidence: row.confidence, inferred: &[], sources: &row.sources };
        let id = format!("{}.rule.{}", self.contract.api, row.id);
        self.push(id, backing.level(row.level, None), row.text.clone(), backing.sources);
    }
}

impl Aspect {
    /// Returns the last part of a requirement id.
    pub fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Type => "type",
            Self::Length => "length",
            Self::Pattern => "pattern",
            Self::Values => "values",
            Self::Schema => "schema",
            Self::HttpStatus => "http-status",
            Self::Billing => "billing",
            Self::Passed => "passed",
        }
    }
}

impl FieldType {
    /// Returns the type as messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Object => "an object",
            Self::Array => "an array",
            Self::JsonText => "a string that holds JSON",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        assert!(matches("gateway.code.X*", "gateway.code.X.http-status"));
        assert!(matches("*.qps", "intl.product.eKYC.qps"));
        assert!(matches("a.*.c", "a.b.c"));
        assert!(!matches("a.*.c", "a.b.d"));
        assert!(!matches("a.b", "a.b.c"));
    }
}
