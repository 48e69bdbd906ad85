//! Keys of real targets: from variables or a profile file, and never shown.

use std::path::Path;

use super::{Ran, folder, idvet_with, project};
use crate::cli::exit;

const SECRET: &str = "a-secret-that-nobody-may-see";

/// Plans a run against a closed port of this machine with a target that leaves its keys out.
fn check(here: &Path, environment: &[(&str, &str)]) -> Ran {
    let example = std::fs::read_to_string(project("suites/targets/singapore.yaml")).expect("read");
    let hosts = regex::Regex::new("https://[a-z0-9.-]+aliyuncs.com").expect("a pattern");
    let near = hosts.replace_all(&example, "http://127.0.0.1:9").replace("billable_calls: 0", "billable_calls: 100");
    std::fs::write(here.join("near.yaml"), near).expect("written");
    idvet_with(here, environment, &["check", "--target", "near.yaml", "intl", "--out", "out"])
}

#[test]
fn keys_come_from_variables() {
    let here = folder();
    let none = check(here.path(), &[]);
    assert_eq!(none.code, exit::COULD_NOT_JUDGE);
    let events = std::fs::read_to_string(here.path().join("out/events.jsonl")).expect("read");
    assert!(events.contains("there are no credentials for the account `ordinary`"));
    let variables = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "some-key"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)];
    let found = check(here.path(), &variables);
    assert_eq!(found.code, exit::COULD_NOT_JUDGE);
    assert!(found.stderr.contains("failed to reach the target at http://127.0.0.1:9: "), "{}", found.stderr);
    let half = check(here.path(), &variables[..1]);
    assert_eq!(half.code, exit::USAGE);
    assert!(half.stderr.contains("ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set"), "{}", half.stderr);
}

#[test]
fn keys_come_from_a_profile_file() {
    let here = folder();
    let path = here.path().join("credentials");
    let file = ("ALIBABA_CLOUD_CREDENTIALS_FILE", "credentials");
    let with = |text: &str, more: &[(&str, &str)]| {
        std::fs::write(&path, text).expect("written");
        check(here.path(), &[&[file], more].concat())
    };
    let whole = format!(
        "[default]\ntype = access_key\naccess_key_id = k\naccess_key_secret = {SECRET}\n\
         [odd]\ntype = ecs_ram_role\nrole_name = r\n[half]\naccess_key_id = k\n"
    );
    let found = with(&whole, &[]);
    assert!(found.stderr.contains("failed to reach the target"), "{}", found.stderr);
    for (profile, expected) in [
        ("odd", "profile odd is of type ecs_ram_role; idvet reads access_key and sts"),
        ("half", "profile half has no access_key_id and access_key_secret"),
        ("absent", "profile absent has no access_key_id and access_key_secret"),
    ] {
        let refused = with(&whole, &[("ALIBABA_CLOUD_PROFILE", profile)]);
        assert_eq!(refused.code, exit::USAGE);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
    let broken = with(&format!("[default\n{SECRET}"), &[]);
    assert_eq!(broken.code, exit::USAGE);
    assert!(broken.stderr.contains("it is not an INI file") && !broken.stderr.contains(SECRET), "{}", broken.stderr);
    std::fs::remove_file(&path).expect("removed");
    assert!(check(here.path(), &[file]).stderr.contains("read the credentials file credentials: "));
}
