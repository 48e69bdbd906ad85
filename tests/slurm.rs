//! The example of a Slurm array, run on a real Slurm of one node: munge, controller and node are started for the test.
//!
//! Where Debian's packages slurmctld, slurmd, slurm-client and munge are not there, or the test is not root, it says so and
//! has not run; IDVET_SLURM=required makes that a failure.

#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 6] = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo"];

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
arrivals: { model: constant, rate: 10 }
count: 20
check_every: 1
thresholds: ["error_rate < 1%", "throttled == 0", "dropped == 0", "wrong == 0"]
"#;

fn find(program: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
}

/// Says why there is no Slurm here, if there is none.
fn missing() -> Option<String> {
    if let Some(program) = PROGRAMS.iter().find(|program| find(program).is_none()) {
        return Some(format!("{program} is not installed (Debian: slurmctld slurmd slurm-client munge)"));
    }
    let id = Command::new("id").arg("-u").output().ok()?;
    (id.stdout.trim_ascii() != b"0").then(|| "a node of Slurm needs root".to_owned())
}

/// A daemon that ends with the test.
struct Daemon(Child);

impl Daemon {
    fn start(program: &str, arguments: &[&str], folder: &Path) -> Self {
        let path = find(program).expect("looked for before");
        let log = std::fs::File::create(folder.join(format!("{program}.out"))).expect("a log");
        let mut command = Command::new(path);
        command.args(arguments).env("SLURM_CONF", folder.join("slurm.conf")).current_dir(folder);
        command.stdin(Stdio::null()).stderr(log.try_clone().expect("a log")).stdout(log);
        Self(command.spawn().expect("a daemon"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn configuration(folder: &Path) -> String {
    let host = Command::new("hostname").output().expect("a host name").stdout;
    let host = String::from_utf8_lossy(&host).trim().to_owned();
    let at = folder.display();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let (controller, node) = (free_port(), free_port());
    format!(
        "ClusterName=idvet\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\nAuthType=auth/munge\n\
         AuthInfo=socket={at}/munge.socket\nSlurmctldPort={controller}\nSlurmdPort={node}\nStateSaveLocation={at}/state\n\
         SlurmdSpoolDir={at}/spool\nSlurmctldPidFile={at}/slurmctld.pid\nSlurmdPidFile={at}/slurmd.pid\n\
         SlurmctldLogFile={at}/slurmctld.log\nSlurmdLogFile={at}/slurmd.log\nProctrackType=proctrack/linuxproc\n\
         TaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n\
         MpiDefault=none\nReturnToService=2\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n\
         NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} State=UNKNOWN\n\
         PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4\n"
    )
}

/// Runs one of Slurm's programs, again and again until it says what it should. Returns what it said last when it does not
/// within a time.
fn patiently(folder: &Path, arguments: &[&str], time: Duration, is_done: impl Fn(&str) -> bool) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let output = Command::new(find(arguments[0]).expect("looked for before"))
            .args(&arguments[1..])
            .env("SLURM_CONF", folder.join("slurm.conf"))
            .current_dir(folder)
            .output()
            .expect("a program of Slurm");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && is_done(&text) {
            return Ok(());
        }
        if begun.elapsed() > time {
            return Err(format!("{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr)));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Says that the test has not run, where that is allowed.
fn not_run(why: &str) {
    let required = switch("IDVET_SLURM").is_some_and(|value| value == "required");
    assert!(!required, "not run: {why}");
    // Written past what a test's output is kept in: whoever runs the tests reads it.
    let _ = writeln!(std::io::stderr(), "NOT RUN: {why}");
}

#[test]
fn the_array_of_the_examples_is_one_run_in_shards() {
    if let Some(why) = missing() {
        return not_run(&why);
    }
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = root.path();
    for name in ["state", "spool"] {
        std::fs::create_dir(folder.join(name)).expect("a folder");
    }
    std::fs::write(folder.join("slurm.conf"), configuration(folder)).expect("written");
    std::fs::write(folder.join("munge.key"), [7; 1_024]).expect("written");
    std::fs::write(folder.join("short.yaml"), PROFILE).expect("written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/load/slurm-array.sh");
    std::fs::copy(script, folder.join("slurm-array.sh")).expect("copied");
    restrict(&folder.join("munge.key"));
    let path = |name: &str| folder.join(name).display().to_string();
    let munge = [
        "-F".to_owned(),
        "--force".to_owned(),
        format!("--key-file={}", path("munge.key")),
        format!("--socket={}", path("munge.socket")),
        format!("--pid-file={}", path("munged.pid")),
        format!("--log-file={}", path("munged.log")),
        format!("--seed-file={}", path("munge.seed")),
    ];
    let _munged = Daemon::start("munged", &munge.iter().map(String::as_str).collect::<Vec<_>>(), folder);
    let _controller = Daemon::start("slurmctld", &["-D"], folder);
    let _node = Daemon::start("slurmd", &["-D"], folder);
    let bin = Path::new(env!("CARGO_BIN_EXE_idvet")).parent().expect("a folder").display().to_string();
    let export = format!("--export=PATH={bin}:/usr/bin:/bin");
    let minute = Duration::from_secs(60);
    if let Err(why) = patiently(folder, &["sinfo", "-h", "-o", "%t"], minute, |text| text.trim() == "idle") {
        return not_run(&format!("Slurm does not come up on this machine: {why}"));
    }
    // Four shards, as the script says; on a small node they take turns, so no common start is asked for.
    let submit = ["sbatch", &export, "--mem=0", "slurm-array.sh", "short.yaml"];
    patiently(folder, &submit, minute, |text| text.contains("Submitted")).expect("submitted");
    patiently(folder, &["squeue", "-h"], 3 * minute, |text| text.trim().is_empty()).expect("an empty queue");
    let shards: Vec<String> = (0..4).map(|n| format!("results/{n}")).collect();
    let mut merge = Command::new(env!("CARGO_BIN_EXE_idvet"));
    let merged = merge.args(["report", "merge"]).args(&shards).args(["--out", "whole"]).current_dir(folder).output();
    let merged = merged.expect("idvet starts");
    let logs: String =
        (0..4).filter_map(|n| std::fs::read_to_string(folder.join(format!("idvet-load-{n}.log"))).ok()).collect();
    assert!(merged.status.success(), "{}{logs}", String::from_utf8_lossy(&merged.stderr));
    let report = std::fs::read_to_string(folder.join("whole/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["arrivals"]["due"], &report["steps"][1]["calls"]), (&20.into(), &20.into()));
}

fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).expect("permissions");
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
fn switch(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn the_kubernetes_example_is_an_indexed_job_whose_shards_fit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/load/kubernetes-job.yaml");
    let text = std::fs::read_to_string(path).expect("the example");
    let job: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
    assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"Job".into()));
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert_eq!(spec["completions"], spec["parallelism"]);
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    let container = &pod["containers"][0];
    let variables = container["env"].as_array().expect("variables");
    let shards = variables.iter().find(|one| one["name"] == "IDVET_SHARDS").expect("the count of shards");
    assert_eq!(shards["value"].as_str(), Some(spec["completions"].to_string().as_str()));
    let mounts = container["volumeMounts"].as_array().expect("mounts");
    let volumes = pod["volumes"].as_array().expect("volumes");
    assert!(mounts.iter().all(|mount| volumes.iter().any(|volume| volume["name"] == mount["name"])));
}
