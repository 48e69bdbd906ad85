//! Every recording of `fixtures/recordings`: our verdict is the recorder's.

use std::path::PathBuf;

use crate::signing::recording::{Capture, parse_recording};
use crate::signing::{Empties, Key, Reason, claim};

pub(super) fn recordings() -> Vec<(String, Vec<Capture>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    let entries = std::fs::read_dir(folder).expect("fixtures are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("reads");
        let captures = parse_recording(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, captures)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_recording_verifies_as_its_recorder_says() {
    let [mut n_valid, mut n_invalid, mut n_left_out] = [0; 3];
    for (file, captures) in recordings() {
        for capture in captures {
            let place = format!("{file}, {}", capture.case);
            let claim = claim(&capture.request).unwrap_or_else(|error| panic!("{place}: {error}"));
            let credentials = capture.credentials.as_ref().expect("recordings name their key");
            assert_eq!(claim.access_key_id, credentials.access_key_id, "{place}");
            let key = Key::new(credentials.secret.clone());
            let verdict = key.verify_lenient(&capture.request, &claim);
            assert_eq!(Some(verdict.is_ok()), capture.valid, "{place}: {verdict:?}");
            match &verdict {
                Ok((derivation, empties)) => {
                    n_valid += 1;
                    n_left_out += usize::from(*empties == Empties::LeftOut);
                    compare_stages(&place, &capture, derivation);
                    let left_out = capture.recipe.as_deref() == Some("v1, empty values left out");
                    assert_eq!(*empties == Empties::LeftOut, left_out, "{place}");
                    assert_eq!(key.verify(&capture.request, &claim).is_err(), left_out, "{place}: strict");
                }
                Err(mismatched) => {
                    n_invalid += 1;
                    assert_eq!(mismatched.reason, Reason::Signature, "{place}");
                    compare_stages(&place, &capture, &mismatched.derivation);
                }
            }
        }
    }
    assert_eq!((n_valid, n_invalid, n_left_out), (1_079, 7, 2));
}

fn compare_stages(place: &str, capture: &Capture, derivation: &crate::signing::Derivation) {
    if let Some(text) = &capture.string_to_sign {
        assert_eq!(&derivation.string_to_sign, text, "{place}: string to sign");
    }
    if let Some(text) = &capture.canonical_request {
        assert_eq!(&derivation.canonical, text, "{place}: canonical request");
    }
}
