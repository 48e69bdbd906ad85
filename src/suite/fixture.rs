//! A contract of one operation and suite files over it, for tests of this module and of those behind it.

use std::collections::BTreeMap;

use super::{Suites, load};
use crate::contract::{Contract, Contracts, Level, Requirement, Text};
use crate::files::SuiteFiles;

pub(crate) const CONTRACT: &str = r#"
format: idvet/contract/1
api: shop
title: { en: Shop, zh: 店 }
sources: { doc: { at: doc.md } }
products:
  - { code: BIG, title: { en: Big, zh: 大 }, qps: 30, sources: [doc] }
operations:
  - name: Open
    action: Open
    title: { en: Open, zh: 开 }
    methods: [POST]
    envelope: { code: Code, message: Message, success: "200", sub_code: R.SubCode, passed: R.Passed }
    refusals: { missing: "400", missing_level: must, invalid: "401", invalid_level: must, sources: [doc] }
    request:
      - { name: SceneId, in: query, type: long, presence: required, pattern: "^[0-9]+$", example: "100", max_length: 5, sources: [doc] }
      - { name: Kind, in: query, type: string, presence: required, values: [A, B], sources: [doc] }
      - { name: Note, in: query, type: string, presence: optional, max_length: 4, example: hi, sources: [doc] }
    response: []
    codes: []
    sub_codes:
      - { code: "204", meaning: { en: no, zh: 否 }, passed: F, billed: true, sources: [doc] }
    sources: [doc]
"#;

const REQUIREMENTS: &[&str] = &[
    "shop.Open.request.SceneId.presence",
    "shop.Open.request.SceneId.pattern",
    "shop.Open.request.Kind.presence",
    "shop.Open.request.Kind.values",
    "shop.Open.request.Note.length",
    "shop.Open.code.200",
    "shop.Open.code.200.http-status",
    "shop.Open.code.400",
    "shop.Open.sub-code.204",
    "shop.Open.sub-code.204.passed",
    "shop.rule.lifetime",
];

/// Returns contracts with one API, `shop`, and a few requirements at MUST.
pub(crate) fn contracts() -> Contracts {
    let contract: Contract = serde_saphyr::from_str(CONTRACT).expect("the contract parses");
    let mut contracts = Contracts::default();
    for id in REQUIREMENTS {
        let text = Text { en: (*id).to_owned(), zh: (*id).to_owned() };
        let requirement = Requirement {
            id: (*id).to_owned(),
            level: Level::Must,
            api: "shop".to_owned(),
            operation: Some("Open".to_owned()),
            text,
            citations: vec!["doc.md".to_owned()],
            unexercised: None,
        };
        contracts.requirements.insert((*id).to_owned(), requirement);
    }
    contracts.by_api.insert("shop".to_owned(), contract);
    contracts
}

/// Returns a suites folder with the contract and one suite file, `shop/open.yaml`.
pub(crate) fn files(text: &str) -> SuiteFiles {
    let head = "format: idvet/suite/1\napi: shop\ntitle: { en: t, zh: t }\n";
    let mut files = BTreeMap::new();
    files.insert("shop/contract.yaml".to_owned(), CONTRACT.into());
    files.insert("shop/open.yaml".to_owned(), format!("{head}{text}").into());
    SuiteFiles { root: "suites".to_owned(), files }
}

pub(crate) const BASELINE: &str =
    "baselines:\n  open:\n    operation: Open\n    parameters: { SceneId: \"{{ scene.id }}\", Kind: A }\n";

/// Loads cases written under the baseline `open`.
pub(crate) fn suites(cases: &str) -> Suites {
    load(&files(&format!("{BASELINE}cases:\n{cases}")), &contracts()).expect("the cases load")
}
