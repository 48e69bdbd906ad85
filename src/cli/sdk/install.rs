//! Drivers of real SDKs: found, their toolchain looked for, their packages installed once into a folder that stays.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use include_dir::{Dir, include_dir};
use sha2::{Digest as _, Sha256};

use super::SdkArgs;
use crate::cli::{Failure, World};
use crate::diagnostic::nearest;
use crate::judge::driver::{Launch, MEMORY_LIMIT};
use crate::judge::manifest::{Manifest, read_manifest};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/drivers");

/// Files of a driver, by path below its folder.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// The name of a manifest.
const MANIFEST: &str = "driver.yaml";

/// Returns how a driver is started, once its SDK is installed.
pub(super) fn prepared(args: &SdkArgs, hello_time: Duration, world: &mut World<'_>) -> Result<Launch, Failure> {
    let (manifest, files) = find(args, world)?;
    let version = args.sdk_version.clone().unwrap_or_else(|| manifest.version.clone());
    for need in &manifest.needs {
        if !is_there(&need.program, world) {
            return Err(Failure::no_basis(format!(
                "find `{}`, which the driver {} needs: install {}",
                need.program, manifest.name, need.install
            )));
        }
    }
    let cache = cache(world)?.join(format!("{}-{version}", manifest.name));
    let driver = cache.join("driver");
    let failed = |path: &Path, error: std::io::Error| Failure::usage(format!("write {}: {error}", path.display()));
    std::fs::create_dir_all(&driver).map_err(|error| failed(&driver, error))?;
    for (name, text) in &files {
        let path = driver.join(name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    let filled = |text: &String| {
        let (cache, driver) = (cache.display().to_string(), driver.display().to_string());
        text.replace("{cache}", &cache).replace("{driver}", &driver).replace("{version}", &version)
    };
    // The mark holds what was installed how, so that another manifest or driver installs again.
    let mark = cache.join("installed");
    let wanted = format!("{version}\n{:?}\n{}\n", manifest.install, digest(&files));
    if std::fs::read_to_string(&mark).unwrap_or_default() != wanted {
        world.tell(&format!("installing {} {version} for the driver {}", manifest.sdk, manifest.name));
        for command in &manifest.install {
            let line: Vec<String> = command.iter().map(filled).collect();
            install(&line, &cache, &manifest.name)?;
        }
        std::fs::write(&mark, wanted).map_err(|error| failed(&mark, error))?;
    }
    let argv: Vec<OsString> = manifest.run.iter().map(filled).map(OsString::from).collect();
    let environment = vec![("IDVET_SDK_VERSION".to_owned(), version)];
    let debug = manifest.debug.into_iter().collect();
    Ok(Launch { argv, folder: driver, environment, hello_time, memory_limit: MEMORY_LIMIT, debug })
}

fn find(args: &SdkArgs, world: &World<'_>) -> Result<(Manifest, Files), Failure> {
    let name = args.driver.as_str();
    let Some(mut files) = files_of(name, args, world) else { return Err(unknown(args, name, world)) };
    let text = files
        .iter()
        .find(|(path, _)| path == Path::new(MANIFEST))
        .map(|(_, text)| String::from_utf8_lossy(text).into_owned());
    let Some(text) = text else { return Err(Failure::usage(format!("find {MANIFEST} in the driver `{name}`"))) };
    let manifest = read_manifest(&format!("drivers/{name}/{MANIFEST}"), &Arc::from(text))?;
    if let Some(other) = &manifest.files_of {
        let Some(shared) = files_of(other, args, world) else { return Err(unknown(args, other, world)) };
        let missing = |(path, _): &(PathBuf, Vec<u8>)| !files.iter().any(|(own, _)| own == path);
        let shared: Files = shared.into_iter().filter(missing).collect();
        files.extend(shared);
    }
    Ok((manifest, files))
}

fn files_of(name: &str, args: &SdkArgs, world: &World<'_>) -> Option<Files> {
    match &args.drivers {
        Some(folder) => read_folder(&world.path(folder).join(name)),
        None => BUILT_IN.get_dir(name).map(|dir| {
            let relative = |path: &Path| path.strip_prefix(name).unwrap_or(path).to_owned();
            dir.files().map(|file| (relative(file.path()), file.contents().to_vec())).collect()
        }),
    }
}

/// Returns the SHA-256 of all files of a driver, in hex.
fn digest(files: &Files) -> String {
    let mut sorted: Vec<&(PathBuf, Vec<u8>)> = files.iter().collect();
    sorted.sort();
    let mut hash = Sha256::new();
    for (path, text) in sorted {
        let head = format!("{} {}\n", path.display(), text.len());
        hash.update(head.as_bytes());
        hash.update(text);
    }
    hex::encode(hash.finalize())
}

fn read_folder(folder: &Path) -> Option<Files> {
    let entries = std::fs::read_dir(folder).ok()?;
    let files = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    Some(files.filter_map(|path| Some((PathBuf::from(path.file_name()?), std::fs::read(&path).ok()?))).collect())
}

/// Returns the names of the drivers there are, `builtin` among them.
pub(super) fn names(args: &SdkArgs, world: &World<'_>) -> Vec<String> {
    let mut known: Vec<String> = match &args.drivers {
        None => BUILT_IN.dirs().map(|dir| dir.path().display().to_string()).collect(),
        Some(folder) => {
            let entries = std::fs::read_dir(world.path(folder)).into_iter().flatten().flatten();
            entries
                .filter(|entry| entry.path().is_dir())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        }
    };
    known.push("builtin".to_owned());
    known.sort();
    known
}

fn unknown(args: &SdkArgs, name: &str, world: &World<'_>) -> Failure {
    let known = names(args, world);
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known drivers: {}", known.join(", ")),
    };
    Failure::usage(format!("find the driver `{name}`; {hint}"))
}

fn is_there(program: &str, world: &World<'_>) -> bool {
    let paths = world.var("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

fn cache(world: &World<'_>) -> Result<PathBuf, Failure> {
    let own = world.var("IDVET_CACHE").map(PathBuf::from);
    let xdg = world.var("XDG_CACHE_HOME").map(|folder| PathBuf::from(folder).join("idvet"));
    let home = world.var("HOME").map(|folder| PathBuf::from(folder).join(".cache").join("idvet"));
    let found = own.or(xdg).or(home).map(|folder| folder.join("drivers"));
    found.ok_or_else(|| Failure::usage("find a folder for installed SDKs: set IDVET_CACHE"))
}

fn install(line: &[String], folder: &Path, name: &str) -> Result<(), Failure> {
    let Some((program, arguments)) = line.split_first() else { return Ok(()) };
    let output = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let told = |reason: String| {
        Failure::no_basis(format!("install the SDK of the driver {name}: `{}`: {reason}", line.join(" ")))
    };
    let output = output.map_err(|error| told(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let tail: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).rev().take(4).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(told(format!("{}: {}", output.status, tail.join(" | "))))
}
