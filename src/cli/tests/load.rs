//! `idvet load` and `idvet plan` from command line to exit code.

use super::{folder, idvet};
use crate::cli::exit;

const PROFILE: &str = r#"
format: idvet/load/1
api: cloudauth
title: { en: Short, zh: 短 }
scenarios:
  - name: verify
    steps:
      - call: { baseline: init-id-pro, as: init }
      - submit: { transaction: "{{ init.ResultObject.CertifyId }}" }
      - call: { baseline: query }
arrivals: { model: constant, rate: 20 }
count: 20
check_every: 1
thresholds: ["p50(init) < 20s", "error_rate < 1%", "throttled == 0", "dropped == 0", "wrong == 0"]
"#;

#[test]
fn a_run_writes_reports_that_can_be_made_again_from_its_events() {
    let here = folder();
    std::fs::write(here.path().join("short.yaml"), PROFILE).expect("written");
    let ran = idvet(here.path(), &["load", "short.yaml", "--out", "out"]);
    assert_eq!(ran.code, exit::SATISFIED, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("wrong == 0") && ran.stdout.contains("held"), "{}", ran.stdout);
    for (format, file) in [
        ("json", "report.json"),
        ("markdown", "report.md"),
        ("html", "report.html"),
        ("csv", "intervals.csv"),
        ("hgrm", "latency.hgrm"),
        ("hlog", "latency.hlog"),
    ] {
        let written = std::fs::read_to_string(here.path().join("out").join(file)).expect(file);
        let again = idvet(here.path(), &["report", "render", format, "--from", "out"]);
        assert_eq!((again.code, again.stdout), (exit::SATISFIED, written), "{format}");
    }
    let junit = idvet(here.path(), &["report", "render", "junit", "--from", "out"]);
    assert_eq!(junit.code, exit::USAGE);
    assert!(junit.stderr.contains("a load run has no cases"), "{}", junit.stderr);
}

#[test]
fn a_missed_threshold_fails() {
    let here = folder();
    let missed = PROFILE.replace("p50(init) < 20s", "p50(init) < 1us");
    std::fs::write(here.path().join("short.yaml"), missed).expect("written");
    let ran = idvet(here.path(), &["load", "short.yaml", "--out", "out", "--scheme", "acs3", "--lang", "zh"]);
    assert_eq!(ran.code, exit::FAILED, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("未达标"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_is_sent() {
    let here = folder();
    let write = |name: &str, text: &str| std::fs::write(here.path().join(name), text).expect("written");
    write("fast.yaml", &PROFILE.replace("rate: 20", "rate: 60"));
    write("broken.yaml", &PROFILE.replace("baseline: query", "baseline: querry"));
    write("short.yaml", PROFILE);
    write("beyond.yaml", &format!("{PROFILE}beyond_limits: true\n"));
    let dead = "http://127.0.0.1:9";
    for (arguments, code, word) in [
        (vec!["load", "fast.yaml"], exit::BUDGET, "a limit of 50 (documented) carries 49.0"),
        (vec!["load", "broken.yaml"], exit::USAGE, "did you mean `cloudauth/query`?"),
        (vec!["load", "absent.yaml"], exit::USAGE, "idvet list profiles"),
        (vec!["load", "cloudauth/stedy"], exit::USAGE, "did you mean `cloudauth/steady`?"),
        (vec!["load", "short.yaml", "--max-billable", "5"], exit::BUDGET, "the budget is 5"),
        (vec!["load", "short.yaml", "--max-qps", "10"], exit::BUDGET, "the target's budget"),
        (vec!["load", "short.yaml", "--target", dead], exit::COULD_NOT_JUDGE, "reach the target at http://127.0.0.1:9"),
        (vec!["load", "short.yaml", "--target", "http://192.0.2.1"], exit::USAGE, "--allow-real"),
        (vec!["load", "short.yaml", "--scheme", "acs3-sm3"], exit::USAGE, "use V1 or ACS3-HMAC-SHA256"),
        (vec!["plan", "fast.yaml"], exit::BUDGET, ""),
        (vec!["plan", "short.yaml", "--users", "1000", "--polls", "0"], exit::USAGE, "--polls"),
    ] {
        let mut line = arguments.clone();
        if line[0] == "load" {
            line.extend(["--out", "out"]);
        }
        let ran = idvet(here.path(), &line);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(word), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_plan_tells_calls_limits_and_what_binds_first() {
    let here = folder();
    let planned = idvet(here.path(), &["plan", "cloudauth/steady", "--users", "100000", "--polls", "3"]);
    assert_eq!(planned.code, exit::SATISFIED, "{}", planned.stderr);
    for part in ["2925 arrivals in 65 s", "billed calls: 2925", "binds first: cloudauth.DescribeFaceVerify, ID_PRO"] {
        assert!(planned.stdout.contains(part), "{part}:\n{}", planned.stdout);
    }
    let json = idvet(here.path(), &["plan", "intl/steady", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(plan["limits"][0]["per_second"], 5);
    let listed = idvet(here.path(), &["list", "profiles", "--lang", "zh"]);
    assert!(listed.stdout.contains("saf/steady"), "{}", listed.stdout);
}

#[test]
fn shards_are_merged_into_one_run() {
    let here = folder();
    std::fs::write(here.path().join("short.yaml"), PROFILE).expect("written");
    for shard in ["0/2", "1/2"] {
        let out = format!("out-{}", &shard[..1]);
        let ran = idvet(here.path(), &["load", "short.yaml", "--out", &out, "--shard", shard, "--quiet"]);
        assert_eq!(ran.code, exit::SATISFIED, "{}{}", ran.stdout, ran.stderr);
    }
    let merged = idvet(here.path(), &["report", "merge", "out-0", "out-1", "--out", "whole"]);
    assert_eq!(merged.code, exit::SATISFIED, "{}{}", merged.stdout, merged.stderr);
    let report = std::fs::read_to_string(here.path().join("whole/report.json")).expect("report.json");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["arrivals"]["due"], &report["steps"][0]["calls"]), (&20.into(), &20.into()));
    let half = idvet(here.path(), &["report", "merge", "out-1", "--out", "whole"]);
    assert_eq!(half.code, exit::USAGE);
    assert!(half.stderr.contains("shards 0/2 are missing"), "{}", half.stderr);
    let compared = idvet(here.path(), &["report", "compare", "out-0", "out-1"]);
    assert_eq!(compared.code, exit::COULD_NOT_JUDGE, "{}", compared.stdout);
    assert!(compared.stdout.contains("fewer than ten seconds"), "{}", compared.stdout);
    for (flag, value, word) in [
        ("--shard", "2/2", "it is no I/N"),
        ("--shard", "auto", "none of JOB_COMPLETION_INDEX"),
        ("--start-at", "2001-01-01T00:00:00Z", "that time is over"),
        ("--start-at", "noon", "it is no time like"),
        ("--shared-budget", "redis://:word@127.0.0.1:1", "can be read by others"),
        ("--shared-budget", "http://127.0.0.1:1", "it looks like redis://HOST:PORT/DB"),
        ("--shared-budget", "127.0.0.1:1", "it looks like redis://HOST:PORT/DB"),
    ] {
        let refused = idvet(here.path(), &["load", "short.yaml", "--out", "out", flag, value]);
        assert_eq!(refused.code, exit::USAGE);
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    let split = idvet(here.path(), &["load", "intl/steady", "--out", "out", "--shard", "0/9"]);
    assert_eq!(split.code, exit::BUDGET);
    assert!(split.stderr.contains("5 calls a second cannot be split among 9"), "{}", split.stderr);
}

#[test]
fn a_capacity_search_finds_where_throttling_begins() {
    let here = folder();
    let profile = r#"
format: idvet/load/1
api: cloudauth
title: { en: Search, zh: 搜索 }
scenarios:
  - name: init
    steps:
      - call: { baseline: init-id-pro, as: init }
arrivals: { model: capacity, from: 20, to: 90, step: 20, plateau: 1200ms, settle: 300ms, resolution: 60, repeats: 2 }
beyond_limits: true
thresholds: ["throttled == 0", "error_rate < 1%"]
"#;
    std::fs::write(here.path().join("search.yaml"), profile).expect("written");
    let ran = idvet(here.path(), &["load", "search.yaml", "--out", "out"]);
    assert_eq!(ran.code, exit::SATISFIED, "{}{}", ran.stdout, ran.stderr);
    let report = std::fs::read_to_string(here.path().join("out/report.json")).expect("report.json");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    // The mock serves fifty in any second.
    let capacity = &report["capacity"];
    let rate = capacity["rate"].as_f64().expect("a rate");
    assert!((40.0..60.0).contains(&rate), "{capacity}");
    assert_eq!((&capacity["held"], &capacity["confirmed"]), (&2.into(), &true.into()));
    assert!(ran.stdout.contains("held in 2 of 2 runs"), "{}", ran.stdout);
    let again = idvet(here.path(), &["report", "render", "console", "--from", "out"]);
    assert_eq!(again.stdout, ran.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_and_says_so() {
    let here = folder();
    let long = PROFILE.replace("count: 20", "duration: 5m");
    std::fs::write(here.path().join("long.yaml"), long).expect("written");
    std::fs::create_dir(here.path().join("out")).expect("made");
    // Writing there says that the disk is full.
    std::os::unix::fs::symlink("/dev/full", here.path().join("out/events.jsonl")).expect("linked");
    let begun = std::time::Instant::now();
    let ran = idvet(here.path(), &["load", "long.yaml", "--out", "out"]);
    assert_eq!(ran.code, exit::USAGE, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("space"), "{}", ran.stderr);
    assert!(begun.elapsed() < std::time::Duration::from_secs(60));
}

#[test]
fn parameters_that_travel_encrypted_are_sent_so() {
    let here = folder();
    let profile = r#"
format: idvet/load/1
api: saf
title: { en: Encrypted, zh: 加密 }
scenarios:
  - name: init
    steps:
      - call: { baseline: init-sm2, as: init }
arrivals: { model: constant, rate: 20 }
count: 5
check_every: 1
thresholds: ["error_rate < 1%", "refused == 0", "wrong == 0"]
"#;
    std::fs::write(here.path().join("sm2.yaml"), profile).expect("written");
    let ran = idvet(here.path(), &["load", "sm2.yaml", "--out", "out"]);
    assert_eq!(ran.code, exit::SATISFIED, "{}{}", ran.stdout, ran.stderr);
}
