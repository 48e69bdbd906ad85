//! Commands besides `check`: what they print, and what they say to slips.

use super::{folder, idvet, project};
use crate::cli::exit;
use crate::files::SuiteFiles;
use crate::mutants::EXCUSES_FILE;

#[test]
fn help_and_version_are_products_and_a_slip_is_exit_code_2() {
    let here = folder();
    let help = idvet(here.path(), &["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (exit::SATISFIED, ""));
    for command in [
        "check",
        "sdk",
        "mock",
        "mutants",
        "sign",
        "report",
        "list",
        "explain",
        "lint",
        "schema",
        "doctor",
        "completions",
    ] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command}:\n{}", help.stdout);
    }
    assert_eq!(idvet(here.path(), &["--version"]).stdout, format!("idvet {}\n", env!("CARGO_PKG_VERSION")));
    for (line, expected) in [
        (&["chekc"][..], "check"),
        (&["check", "--tarket", "mock"], "--target"),
        (&["check", "--jobs", "0"], "--jobs"),
        (&["check", "--report", "html"], "formats are console, json, junit, markdown"),
        (&["report", "render", "json", "--lang", "fr"], "reports speak en and zh"),
        (&[], "Usage"),
    ] {
        let slip = idvet(here.path(), line);
        assert_eq!((slip.code, slip.stdout.as_str()), (exit::USAGE, ""), "{line:?}");
        assert!(slip.stderr.contains(expected), "{line:?}: {}", slip.stderr);
    }
}

#[test]
fn what_is_listed_can_be_explained() {
    let here = folder();
    for (what, at_least) in [("cases", 600), ("requirements", 1_000), ("codes", 100), ("operations", 9), ("targets", 5)]
    {
        let listed = idvet(here.path(), &["list", what]);
        assert_eq!((listed.code, listed.stderr.as_str()), (exit::SATISFIED, ""));
        assert!(listed.stdout.lines().count() >= at_least, "{what}: {}", listed.stdout.lines().count());
        let json = idvet(here.path(), &["list", what, "--json"]).stdout;
        assert_eq!(json.lines().count(), listed.stdout.lines().count());
        let first: serde_json::Value = serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
        let id = first[what.trim_end_matches('s')].as_str().expect("an id");
        assert!(listed.stdout.starts_with(id), "{id}");
        if matches!(what, "cases" | "requirements" | "codes") {
            for lang in ["en", "zh"] {
                let explained = idvet(here.path(), &["explain", id, "--lang", lang]);
                assert_eq!(explained.code, exit::SATISFIED, "{}", explained.stderr);
                assert!(explained.stdout.contains(id));
            }
        }
    }
    let few = idvet(here.path(), &["list", "requirements", "gateway.code.*"]);
    assert!(few.stdout.lines().all(|line| line.starts_with("gateway.code.")) && !few.stdout.is_empty());
    assert_eq!(idvet(here.path(), &["list", "cases", "no-such-case"]).code, exit::USAGE);
}

#[test]
fn a_code_is_explained_with_status_cases_and_source() {
    let here = folder();
    let explained = idvet(here.path(), &["explain", "SignatureDoesNotMatch"]);
    for part in ["HTTP status: 400", "try again: never", "gateway/tampering/", "citation: "] {
        assert!(explained.stdout.contains(part), "{part}:\n{}", explained.stdout);
    }
    let unknown = idvet(here.path(), &["explain", "SignatureDoesNotMacth"]);
    assert_eq!(unknown.code, exit::USAGE);
    assert!(unknown.stderr.contains("did you mean `SignatureDoesNotMatch`?"), "{}", unknown.stderr);
}

#[test]
fn what_an_sdk_owes_is_explained_too() {
    let here = folder();
    let explained = idvet(here.path(), &["explain", "sdk.security.95"]);
    for part in ["must", "Untrusted CA", "sdk/security/untrusted", "sdk-requirements.md"] {
        assert!(explained.stdout.to_lowercase().contains(&part.to_lowercase()), "{part}:\n{}", explained.stdout);
    }
    let case = idvet(here.path(), &["explain", "sdk/security/untrusted", "--lang", "zh"]);
    assert!(case.stdout.contains("sdk.security.95") && case.stdout.contains("security.yaml:"), "{}", case.stdout);
    assert_eq!(idvet(here.path(), &["explain", "sdk.security.9999"]).code, exit::USAGE);
}

#[test]
fn lint_tells_counts_or_each_mistake_with_its_line() {
    let here = folder();
    let clean = idvet(here.path(), &["lint"]);
    assert_eq!(clean.code, exit::SATISFIED, "{}", clean.stderr);
    assert!(clean.stdout.ends_with("no mistake\n"), "{}", clean.stdout);
    std::fs::create_dir_all(here.path().join("own/saf")).expect("made");
    let contract = std::fs::read_to_string(project("suites/saf/contract.yaml")).expect("read");
    let broken = contract.replacen("\napi:", "\nappi:", 1);
    assert_ne!(broken, contract);
    std::fs::write(here.path().join("own/saf/contract.yaml"), broken).expect("written");
    let linted = idvet(here.path(), &["lint", "--suites", "own"]);
    assert_eq!((linted.code, linted.stdout.as_str()), (exit::USAGE, ""));
    assert!(linted.stderr.contains("own/saf/contract.yaml:") && linted.stderr.contains("appi"), "{}", linted.stderr);
    let absent = idvet(here.path(), &["lint", "--suites", "nowhere"]);
    assert_eq!(absent.code, exit::USAGE);
    assert!(absent.stderr.starts_with("error: failed to read "), "{}", absent.stderr);
}

#[test]
fn every_schema_is_a_schema() {
    let here = folder();
    for name in ["contract", "suite", "target", "known-failures", "events", "report", "control", "load-profile"] {
        let printed = idvet(here.path(), &["schema", name]);
        assert_eq!(printed.code, exit::SATISFIED, "{name}");
        let schema: serde_json::Value = serde_json::from_str(&printed.stdout).expect("JSON");
        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(schema["properties"].is_object() || schema["oneOf"].is_array(), "{name}");
    }
}

#[test]
fn completions_know_the_commands() {
    let here = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let printed = idvet(here.path(), &["completions", shell]);
        assert!(printed.code == exit::SATISFIED && printed.stdout.contains("known-failures"), "{shell}");
    }
}

#[test]
fn doctor_examines_and_leaves_nothing_behind() {
    let here = folder();
    let examined = idvet(here.path(), &["doctor"]);
    assert_eq!(examined.code, exit::SATISFIED, "{}", examined.stdout);
    for what in ["processors", "suites", "embedded mock", "reports folder", "clock", "credentials", "proxy"] {
        assert!(examined.stdout.lines().any(|line| line[6..].starts_with(what)), "{what}:\n{}", examined.stdout);
    }
    assert_eq!(std::fs::read_dir(here.path()).expect("read").count(), 0);
    std::fs::write(here.path().join("file"), "").expect("written");
    let blocked = idvet(here.path(), &["doctor", "--out", "file/below"]);
    // Whatever is above a file cannot hold a folder, but the folder above the file can be written to.
    assert_eq!(blocked.code, exit::SATISFIED);
}

#[test]
fn mutants_prints_the_matrix_and_says_which_defects_stay_open() {
    let here = folder();
    let caught = idvet(here.path(), &["mutants", "gateway.rule.format.json"]);
    assert_eq!((caught.code, caught.stderr.as_str()), (exit::SATISFIED, ""), "{}", caught.stdout);
    assert!(caught.stdout.contains("1 defects in "), "{}", caught.stdout);
    // The same suites without their reasons.
    for (name, text) in SuiteFiles::embedded().files.iter().filter(|(name, _)| *name != EXCUSES_FILE) {
        let path = here.path().join("bare").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        std::fs::write(path, text.as_bytes()).expect("writes");
    }
    let one_more = "saf.product.FACE.qps/one-more";
    let open = idvet(here.path(), &["mutants", one_more, "--json", "--suites", "bare"]);
    assert_eq!(open.code, exit::FAILED, "{}", open.stderr);
    let line: serde_json::Value = serde_json::from_str(&open.stdout).expect("one JSON line");
    assert_eq!(line["fate"], "survived");
    let excused = idvet(here.path(), &["mutants", one_more]);
    assert_eq!(excused.code, exit::SATISFIED, "{}", excused.stdout);
    let unknown = idvet(here.path(), &["mutants", "no-such-defect"]);
    assert_eq!(unknown.code, exit::USAGE);
    assert!(unknown.stderr.contains("idvet mock --list-defects"), "{}", unknown.stderr);
    let listed = idvet(here.path(), &["mock", "--list-defects"]);
    assert!(listed.code == exit::SATISFIED && listed.stdout.lines().count() > 1_000);
    let slip = idvet(here.path(), &["mock", "--defect", "nothing"]);
    assert_eq!(slip.code, exit::USAGE);
    assert!(slip.stderr.contains("no defect `nothing`"), "{}", slip.stderr);
}

#[test]
fn report_diff_tells_what_got_worse_and_better() {
    let here = folder();
    let cases = ["saf/flow/*", "saf/request/no-meta-info"];
    let green = idvet(here.path(), &[&["check"], &cases[..], &["--out", "green"]].concat());
    assert_eq!(green.code, exit::SATISFIED);
    let few = idvet(here.path(), &["check", "saf/request/no-meta-info", "--out", "few"]);
    assert_eq!(few.code, exit::SATISFIED);
    let files = SuiteFiles::embedded();
    let contracts = std::sync::Arc::new(crate::contract::Contracts::load(&files).expect("the contracts load"));
    let target = crate::target::load(&files, "mock").expect("the target loads");
    let mut options = crate::mock::MockOptions::new(std::sync::Arc::new(crate::clock::SystemClock));
    let defect = crate::mock::defect::find(&contracts, "saf.rule.query.same-scene/refused").expect("a defect");
    options.defect = Some(std::sync::Arc::new(defect));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mock = runtime.block_on(crate::mock::start(&target, contracts, options)).expect("starts");
    let url = mock.url();
    let red = idvet(here.path(), &[&["check", "--target", &url], &cases[..], &["--out", "red"]].concat());
    assert_eq!(red.code, exit::FAILED, "{}", red.stderr);
    let diff = |old: &str, new: &str| idvet(here.path(), &["report", "diff", old, new]);
    let worse = diff("green", "red");
    assert_eq!((worse.code, worse.stderr.as_str()), (exit::FAILED, ""));
    assert!(
        worse.stdout.contains("## Regressed: ") && worse.stdout.contains("`saf.rule.query.same-scene` (SHOULD)"),
        "{}",
        worse.stdout
    );
    assert!(worse.stdout.contains("[holds → wrong]") && !worse.stdout.contains("## Fixed"), "{}", worse.stdout);
    let better = diff("red", "green/events.jsonl");
    assert_eq!(better.code, exit::SATISFIED);
    assert!(better.stdout.contains("## Fixed: ") && !better.stdout.contains("## Regressed"), "{}", better.stdout);
    let more = diff("few", "green");
    assert!(more.code == exit::SATISFIED && more.stdout.contains("## Newly exercised: "), "{}", more.stdout);
    let less = diff("green", "few");
    assert!(less.code == exit::SATISFIED && less.stdout.contains("## No longer exercised: "), "{}", less.stdout);
    assert!(diff("green", "green").stdout.contains("Nothing changed."));
    assert_eq!(diff("green", "nowhere").code, exit::USAGE);
}

#[test]
fn sdk_says_what_is_wrong_with_what_was_typed() {
    let here = folder();
    let cache = ("IDVET_CACHE", here.path().to_str().expect("UTF-8"));
    let with = |path: &str, line: &[&str]| super::idvet_with(here.path(), &[cache, ("PATH", path)], line);
    let slip = with("", &["sdk", "python-cor"]);
    assert_eq!(slip.code, exit::USAGE);
    assert!(slip.stderr.contains("did you mean `python-core`?"), "{}", slip.stderr);
    let strange = with("", &["sdk", "cobol"]);
    assert!(strange.stderr.contains("known drivers: builtin, go-core, "), "{}", strange.stderr);
    let lacking = with("", &["sdk", "python-core"]);
    assert_eq!(lacking.code, exit::COULD_NOT_JUDGE);
    assert!(
        lacking.stderr.contains("find `python3`, which the driver python-core needs: install Python 3.8"),
        "{}",
        lacking.stderr
    );
    let miniature = with("", &["sdk", "miniature-nobody"]);
    assert!(
        miniature.code == exit::USAGE && miniature.stderr.contains("find the miniature `nobody`"),
        "{}",
        miniature.stderr
    );
    // A driver of one's own: its install fails, its packages are there but it speaks otherwise, its ledger is wrong.
    let own = |name: &str, install: &str, run: &str| {
        let folder = here.path().join("own").join(name);
        std::fs::create_dir_all(&folder).expect("creates");
        let text = format!(
            "format: idvet/driver/1\nname: {name}\nsdk: s\nversion: '1'\ninstall: [[sh, -c, '{install}']]\nrun: [sh, -c, '{run}']\n"
        );
        std::fs::write(folder.join("driver.yaml"), text).expect("writes");
        with("/usr/bin:/bin", &["sdk", name, "--drivers", "own", "--check-driver"])
    };
    let failed = own("fails", "echo no such version >&2; exit 1", "true");
    assert_eq!(failed.code, exit::COULD_NOT_JUDGE);
    assert!(
        failed.stderr.contains("install the SDK of the driver fails") && failed.stderr.contains("no such version"),
        "{}",
        failed.stderr
    );
    let mute = own("ends", "true", "echo sorry >&2; exit 4");
    assert_eq!(mute.code, exit::COULD_NOT_JUDGE);
    assert!(mute.stderr.contains("the driver ended (exit status: 4); it said: sorry"), "{}", mute.stderr);
    let garbled = own("garbles", "true", "echo hello");
    assert!(garbled.stderr.contains("not of the protocol"), "{}", garbled.stderr);
    // Files of another driver are there too; a changed file installs again.
    std::fs::write(here.path().join("own/ends/words.txt"), "first").expect("writes");
    let shares = |other: &str| {
        own(
            "shares",
            "cat driver/words.txt >> said.txt",
            &format!("cat ../said.txt >&2; exit 4']\nfiles_of: {other}\n#"),
        )
    };
    let first = shares("ends").stderr;
    assert!(first.contains("it said: first"), "{first}");
    std::fs::write(here.path().join("own/ends/words.txt"), "second").expect("writes");
    let second = shares("ends").stderr;
    assert!(second.contains("it said: firstsecond"), "{second}");
    assert!(shares("edns").stderr.contains("did you mean `ends`?"));
    let ledger = "format: idvet/known-failures/1\nentries:\n  - { requirement: sdk.signing.999, cause: x, reason: r, owner: o, expires: 2030-01-01 }\n";
    std::fs::write(here.path().join("ledger.yaml"), ledger).expect("writes");
    let wrong = with("", &["sdk", "builtin", "--known-failures", "ledger.yaml"]);
    assert_eq!(wrong.code, exit::USAGE);
    assert!(wrong.stderr.contains("sdk.signing.999"), "{}", wrong.stderr);
    let nothing = with("", &["sdk", "builtin", "no-such-case"]);
    assert!(nothing.code == exit::USAGE && nothing.stderr.contains("no-such-case"), "{}", nothing.stderr);
}
