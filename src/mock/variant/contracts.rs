//! Readings that are a matter of data: the mock is started from contracts that say so.

use std::collections::HashSet;

use super::{Variant, Variants};
use crate::contract::{Aspect, Code, Contracts, Text};

/// Returns the contracts as some variants read them, or nothing where they read them as they are.
pub(in crate::mock) fn reread(contracts: &Contracts, variants: Variants) -> Option<Contracts> {
    let data = [Variant::MessageLanguage, Variant::OtherStatuses, Variant::BusinessStatus];
    if !data.into_iter().any(|variant| variants.has(variant)) {
        return None;
    }
    // What a product documents too has the product's status.
    let operations = contracts.by_api.values().flat_map(|contract| &contract.operations);
    let of_products: HashSet<String> =
        operations.flat_map(|operation| &operation.codes).map(|code| code.code.clone()).collect();
    let mut contracts = contracts.clone();
    for contract in contracts.by_api.values_mut() {
        let own = |code: &&mut Code| !of_products.contains(&code.code);
        contract.codes.iter_mut().filter(own).for_each(|code| reread_code(code, variants));
        for operation in &mut contract.operations {
            let success = operation.envelope.success.clone();
            for code in &mut operation.codes {
                reread_code(code, variants);
                if Some(&code.code) != success.as_ref() {
                    move_inferred_status(code, variants);
                }
            }
        }
    }
    Some(contracts)
}

fn reread_code(code: &mut Code, variants: Variants) {
    if variants.has(Variant::OtherStatuses)
        && let Some(status) = code.http_status_also.last()
    {
        code.http_status = *status;
    }
    if variants.has(Variant::MessageLanguage) {
        code.message.iter_mut().for_each(swap);
        swap(&mut code.meaning);
    }
}

fn swap(text: &mut Text) {
    std::mem::swap(&mut text.en, &mut text.zh);
}

/// A status that is only inferred may as well be another of the same kind of answer.
fn move_inferred_status(code: &mut Code, variants: Variants) {
    if variants.has(Variant::BusinessStatus) && code.inferred.contains(&Aspect::HttpStatus) {
        code.http_status = if code.http_status == 400 { 403 } else { 400 };
    }
}
