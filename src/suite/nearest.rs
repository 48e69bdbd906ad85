//! Nearest names, for hints.

/// Returns the candidate most like `name`, where one is alike enough to be what was meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Below 0.75 two names of this kind share little but their prefix, and a hint would mislead.
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Returns `did you mean …` for the nearest candidate, or `otherwise`.
pub(super) fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    nearest(name, candidates).map_or_else(|| otherwise.to_owned(), |found| format!("did you mean `{found}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let names = ["SceneId", "ProductCode", "CertName"];
        assert_eq!(nearest("SceneID", names), Some("SceneId"));
        assert_eq!(nearest("zzz", names), None);
    }
}
