//! `idvet doctor`: what this machine offers, and what is in the way.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::args::DoctorArgs;
use super::lint::lint;
use super::settings::suite_files;
use super::{Failure, World, credentials, exit};
use crate::contract::Contracts;
use crate::files::SuiteFiles;
use crate::mock::{MockOptions, start};
use crate::target;

/// One line of the examination.
struct Finding {
    state: State,
    what: &'static str,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fine,
    /// Something may be missed, nothing is in the way.
    Note,
    InTheWay,
}

pub(super) fn run(args: &DoctorArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let files = suite_files(&args.suites, world)?;
    let findings = [
        version(),
        processors(),
        open_files(),
        suites(&files),
        mock(&files, world),
        listener("IPv6 loopback", "[::1]:0", State::Note),
        out_folder(args, world),
        clock(world),
        keys(&files, world),
        proxies(world),
    ];
    let mut text = String::new();
    for Finding { state, what, text: found } in &findings {
        let mark = match state {
            State::Fine => "ok  ",
            State::Note => "note",
            State::InTheWay => "FAIL",
        };
        text.push_str(&format!("{mark}  {what:<20} {found}\n"));
    }
    world.print(&text)?;
    let is_well = findings.iter().all(|finding| finding.state != State::InTheWay);
    Ok(if is_well { exit::SATISFIED } else { exit::COULD_NOT_JUDGE })
}

fn fine(what: &'static str, text: impl Into<String>) -> Finding {
    Finding { state: State::Fine, what, text: text.into() }
}

fn version() -> Finding {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    fine("idvet", format!("{} on {os} {arch}", env!("CARGO_PKG_VERSION")))
}

fn processors() -> Finding {
    match std::thread::available_parallelism() {
        Ok(count) => fine("processors", count.to_string()),
        Err(error) => Finding { state: State::Note, what: "processors", text: format!("not known: {error}") },
    }
}

/// A load of thousands of connections needs as many files.
const FILES_WANTED: u64 = 4_096;

fn open_files() -> Finding {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    match soft.map(|soft| (soft, soft.parse::<u64>().unwrap_or(u64::MAX))) {
        None => Finding { state: State::Note, what: "open files", text: "limit not known here".to_owned() },
        Some((soft, limit)) if limit < FILES_WANTED => Finding {
            state: State::Note,
            what: "open files",
            text: format!("{soft} at most; large loads want {FILES_WANTED}: ulimit -n {FILES_WANTED}"),
        },
        Some((soft, _)) => fine("open files", format!("{soft} at most")),
    }
}

fn suites(files: &SuiteFiles) -> Finding {
    match lint(files) {
        Ok(linted) => fine("suites", format!("{} cases, {} requirements", linted.n_cases, linted.n_requirements)),
        Err(mistakes) => Finding {
            state: State::InTheWay,
            what: "suites",
            text: format!("{} mistakes: run `idvet lint`", mistakes.len()),
        },
    }
}

fn mock(files: &SuiteFiles, world: &World<'_>) -> Finding {
    let what = "embedded mock";
    match time_mock(files, world) {
        Ok(milliseconds) => fine(what, format!("listens on loopback {milliseconds:.1} ms after it was asked")),
        Err(text) => Finding { state: State::InTheWay, what, text },
    }
}

fn time_mock(files: &SuiteFiles, world: &World<'_>) -> Result<f64, String> {
    let told = |_| "the suites have mistakes: run `idvet lint`".to_owned();
    let contracts = Arc::new(Contracts::load(files).map_err(told)?);
    let target = target::load(files, "mock").map_err(told)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("no threads: {error}"))?;
    let begun = Instant::now();
    let options = MockOptions::new(Arc::clone(&world.clock));
    let running = runtime.block_on(start(&target, contracts, options)).map_err(|error| error.to_string())?;
    let taken = begun.elapsed().as_secs_f64() * 1e3;
    runtime.block_on(running.shutdown());
    Ok(taken)
}

fn listener(what: &'static str, address: &str, otherwise: State) -> Finding {
    match std::net::TcpListener::bind(address) {
        Ok(_) => fine(what, "can be listened on"),
        Err(error) => Finding { state: otherwise, what, text: format!("cannot be listened on: {error}") },
    }
}

fn out_folder(args: &DoctorArgs, world: &World<'_>) -> Finding {
    let what = "reports folder";
    match try_write(&world.path(&args.out)) {
        Ok(()) => fine(what, format!("{} can be written to", args.out.display())),
        Err(error) => {
            let text = format!("{}: {error}; name another with --out", args.out.display());
            Finding { state: State::InTheWay, what, text }
        }
    }
}

/// Tries a file in the folder, or in the nearest folder above that exists; leaves nothing behind.
fn try_write(folder: &Path) -> std::io::Result<()> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let path = there.join(format!(".idvet-doctor-{}", std::process::id()));
    let result = std::fs::File::create(&path).and_then(|mut file| file.write_all(b"1"));
    let _ = std::fs::remove_file(&path);
    result
}

/// 2020-01-01T00:00:00Z: a clock before it was never set.
const LONG_AGO_MS: i64 = 1_577_836_800_000;

fn clock(world: &World<'_>) -> Finding {
    let now = world.clock.now();
    let text = format!("{}; a gateway refuses calls more than 15 minutes off", now.to_iso());
    let state = if now.0 < LONG_AGO_MS { State::InTheWay } else { State::Fine };
    Finding { state, what: "clock", text }
}

fn keys(files: &SuiteFiles, world: &World<'_>) -> Finding {
    let what = "credentials";
    let Ok(mut target) = target::load(files, "shanghai") else { return fine(what, "no target asks for them") };
    match credentials::fill(&mut target, world) {
        Ok(()) if target.sandbox.account("ordinary").is_some_and(|account| account.access_key_id.is_some()) => {
            fine(what, "found; used for real endpoints only")
        }
        Ok(()) => fine(what, "none found; only real endpoints need them"),
        Err(failure) => {
            let text = failure.text(crate::diagnostic::Style::Plain).unwrap_or_default();
            Finding { state: State::Note, what, text }
        }
    }
}

fn proxies(world: &World<'_>) -> Finding {
    let names = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let set: Vec<&str> = names.into_iter().filter(|name| world.var(name).is_some()).collect();
    match set.is_empty() {
        true => fine("proxy", "none set"),
        false => Finding {
            state: State::Note,
            what: "proxy",
            text: format!("{} set; idvet connects directly all the same", set.join(", ")),
        },
    }
}
