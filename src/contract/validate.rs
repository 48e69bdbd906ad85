//! What strict YAML cannot say about a contract: names, citations, patterns, examples, conditions, languages.

use std::collections::HashSet;
use std::sync::Arc;

use regex::Regex;

use super::condition::{Row, Subject, Test};
use super::{
    CONTRACT_FORMAT, Condition, Confidence, Contract, Level, Operation, Parameter, ParameterType, Requirement, Rule,
    Text, requirement,
};
use crate::diagnostic::{Diagnostic, locate, nearest};

/// A contract file as read.
pub(super) struct File<'a> {
    pub(super) folder: &'a str,
    pub(super) origin: String,
    pub(super) text: &'a Arc<str>,
    pub(super) contract: &'a Contract,
    /// The contract of the gateway, whose codes any operation may name.
    pub(super) gateway: Option<&'a Contract>,
}

/// Returns every mistake of a contract, given the requirements derived from it.
pub(super) fn validate(file: &File<'_>, requirements: &[Requirement]) -> Vec<Diagnostic> {
    let mut list = List { file, mistakes: Vec::new() };
    list.head();
    list.products_and_hosts();
    for (idx, operation) in file.contract.operations.iter().enumerate() {
        list.operation(&format!("/operations/{idx}"), operation);
    }
    list.codes("/codes", &file.contract.codes);
    list.rules();
    list.unexercised(requirements);
    list.mistakes
}

struct List<'a> {
    file: &'a File<'a>,
    mistakes: Vec<Diagnostic>,
}

impl<'a> List<'a> {
    fn push(&mut self, pointer: &str, message: String, hint: Option<String>) {
        let text = self.file.text;
        let span = locate(text, pointer);
        let origin = self.file.origin.clone();
        self.mistakes.push(Diagnostic { origin, text: Arc::clone(text), span, message, hint });
    }

    fn head(&mut self) {
        let contract = self.file.contract;
        if contract.format != CONTRACT_FORMAT {
            let hint = Some(format!("write `format: {CONTRACT_FORMAT}`"));
            self.push("/format", format!("unknown format `{}`", contract.format), hint);
        }
        if contract.api != self.file.folder {
            let hint = Some(format!("write `api: {}`, the folder's name", self.file.folder));
            self.push("/api", format!("`api: {}` in the folder `{}`", contract.api, self.file.folder), hint);
        }
        self.languages("/title", &contract.title);
    }

    fn products_and_hosts(&mut self) {
        let contract = self.file.contract;
        self.unique("/products", "code", contract.products.iter().map(|row| row.code.as_str()));
        self.unique("/operations", "name", contract.operations.iter().map(|row| row.name.as_str()));
        for (idx, product) in contract.products.iter().enumerate() {
            self.languages(&format!("/products/{idx}/title"), &product.title);
            self.citations(&format!("/products/{idx}"), &product.sources);
        }
        for (idx, host) in contract.hosts.iter().enumerate() {
            self.citations(&format!("/hosts/{idx}"), &host.sources);
        }
    }

    fn operation(&mut self, at: &str, operation: &'a Operation) {
        self.languages(&format!("{at}/title"), &operation.title);
        self.citations(at, &operation.sources);
        self.citations(&format!("{at}/refusals"), &operation.refusals.sources);
        for (key, code) in [("missing", &operation.refusals.missing), ("invalid", &operation.refusals.invalid)] {
            self.refusal(&format!("{at}/refusals/{key}"), operation, code);
        }
        self.unique(&format!("{at}/request"), "name", operation.request.iter().map(|row| row.name.as_str()));
        self.unique(&format!("{at}/response"), "path", operation.response.iter().map(|row| row.path.as_str()));
        self.unique(&format!("{at}/sub_codes"), "code", operation.sub_codes.iter().map(|row| row.code.as_str()));
        for (idx, row) in operation.request.iter().enumerate() {
            let at = format!("{at}/request/{idx}");
            self.citations(&at, &row.sources);
            self.pattern(&at, row.pattern.as_deref());
            self.conditions(
                &at,
                operation,
                Row::Request,
                [("required_when", &row.required_when), ("not_when", &row.not_when)],
            );
            if let Some(mistake) = example_mistake(row) {
                self.push(&format!("{at}/example"), mistake, Some("give a value that satisfies the row".to_owned()));
            }
        }
        for (idx, row) in operation.response.iter().enumerate() {
            let at = format!("{at}/response/{idx}");
            self.citations(&at, &row.sources);
            self.pattern(&at, row.pattern.as_deref());
            let conditions = [("required_when", &row.required_when), ("absent_when", &row.absent_when)];
            self.conditions(&at, operation, Row::Response, conditions);
        }
        self.codes(&format!("{at}/codes"), &operation.codes);
        for (idx, row) in operation.sub_codes.iter().enumerate() {
            let at = format!("{at}/sub_codes/{idx}");
            self.citations(&at, &row.sources);
            self.languages(&format!("{at}/meaning"), &row.meaning);
            self.known_products(&at, &row.products);
        }
    }

    fn codes(&mut self, at: &str, codes: &[super::Code]) {
        self.unique(at, "code", codes.iter().map(|row| row.code.as_str()));
        for (idx, row) in codes.iter().enumerate() {
            self.citations(&format!("{at}/{idx}"), &row.sources);
            self.languages(&format!("{at}/{idx}/meaning"), &row.meaning);
        }
    }

    fn rules(&mut self) {
        let rules: &[Rule] = &self.file.contract.rules;
        self.unique("/rules", "id", rules.iter().map(|row| row.id.as_str()));
        for (idx, row) in rules.iter().enumerate() {
            let at = format!("/rules/{idx}");
            self.citations(&at, &row.sources);
            self.languages(&format!("{at}/text"), &row.text);
            let backed = matches!(row.confidence, Confidence::Documented | Confidence::Observed);
            if row.level != Level::Info && !backed {
                let hint = Some("only a documented or observed fact may fail anybody: write `level: info`".to_owned());
                self.push(
                    &format!("{at}/level"),
                    format!("`{}` is not backed well enough for its level", row.id),
                    hint,
                );
            }
        }
    }

    fn unexercised(&mut self, requirements: &[Requirement]) {
        for (idx, row) in self.file.contract.unexercised.iter().enumerate() {
            let at = format!("/unexercised/{idx}");
            self.languages(&format!("{at}/reason"), &row.reason);
            if !requirements.iter().any(|one| requirement::matches(&row.requirement, &one.id)) {
                let near = nearest(&row.requirement, requirements.iter().map(|one| one.id.as_str()));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                self.push(&format!("{at}/requirement"), format!("`{}` matches no requirement", row.requirement), hint);
            }
        }
    }

    fn unique<'b>(&mut self, at: &str, key: &str, names: impl Iterator<Item = &'b str>) {
        let mut seen = HashSet::new();
        for (idx, name) in names.enumerate() {
            if !seen.insert(name) {
                self.push(&format!("{at}/{idx}/{key}"), format!("`{name}` is there already"), None);
            }
        }
    }

    fn citations(&mut self, at: &str, sources: &[String]) {
        let known = &self.file.contract.sources;
        if sources.is_empty() {
            self.push(
                &format!("{at}/sources"),
                "no source is cited".to_owned(),
                Some("cite one of `sources`".to_owned()),
            );
        }
        for (idx, source) in sources.iter().enumerate().filter(|(_, source)| !known.contains_key(*source)) {
            let near = nearest(source, known.keys().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            self.push(&format!("{at}/sources/{idx}"), format!("no source `{source}`"), hint);
        }
    }

    fn languages(&mut self, at: &str, text: &Text) {
        if text.en.trim().is_empty() {
            self.push(&format!("{at}/en"), "the English text is empty".to_owned(), None);
        }
        if !text.zh.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character)) {
            self.push(&format!("{at}/zh"), "the Chinese text is not Chinese".to_owned(), None);
        }
    }

    fn pattern(&mut self, at: &str, pattern: Option<&str>) {
        if let Some(error) = pattern.and_then(|pattern| Regex::new(pattern).err()) {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.push(&format!("{at}/pattern"), format!("the pattern does not compile: {reason}"), None);
        }
    }

    fn refusal(&mut self, at: &str, operation: &Operation, code: &str) {
        let gateway = self.file.gateway.into_iter().flat_map(|contract| &contract.codes);
        let known: Vec<&str> = operation.codes.iter().chain(gateway).map(|row| row.code.as_str()).collect();
        if self.file.gateway.is_some() && !known.contains(&code) {
            let hint = nearest(code, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            self.push(at, format!("`{code}` is no code of the operation or the gateway"), hint);
        }
    }

    fn known_products(&mut self, at: &str, products: &[String]) {
        let known = &self.file.contract.products;
        for (idx, product) in
            products.iter().enumerate().filter(|(_, name)| !known.iter().any(|row| row.code == **name))
        {
            let hint = nearest(product, known.iter().map(|row| row.code.as_str()));
            let hint = hint.map(|near| format!("did you mean `{near}`?"));
            self.push(&format!("{at}/products/{idx}"), format!("no product `{product}`"), hint);
        }
    }

    fn conditions(&mut self, at: &str, operation: &Operation, row: Row, lists: [(&str, &Vec<Condition>); 2]) {
        for (key, conditions) in lists {
            for (idx, condition) in conditions.iter().enumerate() {
                let test = Test::new(condition, row);
                for (name, subject) in condition.keys().zip(test.subjects()) {
                    if !self.is_known(subject, name, operation) {
                        let pointer = name.replace('~', "~0").replace('/', "~1");
                        let message = format!("the condition names `{name}`, which nothing answers to");
                        self.push(&format!("{at}/{key}/{idx}/{pointer}"), message, None);
                    }
                }
            }
        }
    }

    fn is_known(&self, subject: &Subject, name: &str, operation: &Operation) -> bool {
        let parameter = |rows: &[Parameter], wanted: &str| rows.iter().any(|row| row.name == wanted);
        match subject {
            Subject::Request(wanted, _) => parameter(&operation.request, wanted),
            Subject::Init(wanted, _) => self.file.contract.operations.iter().any(|one| parameter(&one.request, wanted)),
            Subject::Answer(_) => operation.response.iter().any(|row| row.path == name),
            Subject::Solution | Subject::KeepsMaterial => true,
            Subject::NoSuchFact => false,
        }
    }
}

/// Returns how a row's example breaks the row.
fn example_mistake(row: &Parameter) -> Option<String> {
    let example = row.example.as_deref()?;
    let length = example.chars().count();
    let json: Result<serde_json::Value, _> = serde_json::from_str(example);
    let typed = match row.kind {
        ParameterType::String => true,
        ParameterType::Long => example.parse::<i64>().is_ok(),
        ParameterType::Boolean => example == "true" || example == "false",
        ParameterType::Json => json.is_ok(),
    };
    let pattern = row.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
    if !typed {
        Some("the example is not of the row's type".to_owned())
    } else if row.max_length.is_some_and(|max| length > max as usize) {
        Some(format!("the example has {length} characters"))
    } else if pattern.is_some_and(|pattern| !pattern.is_match(example)) {
        Some("the example does not match the row's pattern".to_owned())
    } else if !row.values.is_empty() && !row.values.iter().any(|value| value == example) {
        Some("the example is not one of the row's values".to_owned())
    } else {
        let schema = row.schema.as_ref()?;
        let holds = json.is_ok_and(|json| jsonschema::is_valid(schema, &json));
        (!holds).then(|| "the example does not satisfy the row's schema".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Contracts;
    use crate::diagnostic::{Style, render};
    use crate::files::SuiteFiles;

    const CONTRACT: &str = r#"format: idvet/contract/2
api: shop
title: { en: Shop, zh: 店 }
sources: { doc: { at: doc.md } }
operations:
  - name: Open
    action: Open
    title: { en: Open, zh: Open }
    methods: [POST]
    envelope: { code: Code, message: Message }
    refusals: { missing: "400", missing_level: must, invalid: "401", invalid_level: must, sources: [dok] }
    request:
      - { name: A, in: query, type: long, presence: required, example: x, sources: [doc] }
      - { name: A, in: query, type: string, presence: optional, pattern: "(", sources: [doc] }
      - { name: B, in: query, type: string, presence: conditional, required_when: [{ C: ["1"] }], sources: [doc] }
    response:
      - { path: Code, type: string, presence: required, absent_when: [{ scene.colour: ["1"] }], sources: [doc] }
    codes: []
    sources: [doc]
rules:
  - { id: r, level: must, text: { en: R, zh: 规 }, sources: [doc], confidence: inferred }
unexercised:
  - { requirement: shop.rule.x, reason: { en: no, zh: 否 } }
"#;

    #[test]
    fn every_mistake_of_a_contract_has_its_place() {
        let files = BTreeMap::from([("shop/contract.yaml".to_owned(), CONTRACT.into())]);
        let files = SuiteFiles { root: "suites".to_owned(), files };
        let mistakes = Contracts::load(&files).expect_err("the contract has mistakes");
        let lines: Vec<String> = mistakes
            .iter()
            .map(|one| format!("{} `{}`: {}", one.line(), &one.text[one.span.clone()], one.message))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        1 `format`: unknown format `idvet/contract/2`
        8 `zh`: the Chinese text is not Chinese
        11 `dok`: no source `dok`
        14 `name`: `A` is there already
        13 `example`: the example is not of the row's type
        14 `pattern`: the pattern does not compile: unclosed group
        15 `C`: the condition names `C`, which nothing answers to
        17 `scene.colour`: the condition names `scene.colour`, which nothing answers to
        21 `level`: `r` is not backed well enough for its level
        23 `requirement`: `shop.rule.x` matches no requirement
        ");
        assert!(render(&mistakes, Style::Plain).contains("did you mean `doc`?"));
    }
}
