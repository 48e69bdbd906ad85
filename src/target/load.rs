//! Finds and reads a target: a file, or a name among the suites' targets.

use std::path::Path;
use std::sync::Arc;

use super::model::{TARGET_FORMAT, Target};
use crate::diagnostic::{Diagnostic, mask_below, nearest, parse_yaml};
use crate::files::SuiteFiles;

/// Reads the target `name` of the suites, or the file of that path.
pub fn load(files: &SuiteFiles, name_or_path: &str) -> Result<Target, Vec<Diagnostic>> {
    let path = format!("targets/{name_or_path}.yaml");
    if let Some(text) = files.files.get(&path) {
        return parse(&files.origin(&path), text);
    }
    match std::fs::read_to_string(Path::new(name_or_path)) {
        Ok(text) => parse(name_or_path, &Arc::from(text)),
        Err(error) => Err(vec![unreadable(files, name_or_path, &error)]),
    }
}

fn parse(origin: &str, text: &Arc<str>) -> Result<Target, Vec<Diagnostic>> {
    // Keys and persons stand in the sandbox.
    let target: Target = parse_yaml(origin, text).map_err(|mistakes| mask_below("sandbox", mistakes))?;
    if target.format == TARGET_FORMAT {
        return Ok(target);
    }
    Err(vec![Diagnostic {
        origin: origin.to_owned(),
        text: text.clone(),
        span: 0..0,
        message: format!("format {:?} is not known", target.format),
        hint: Some(format!("write `format: {TARGET_FORMAT}`")),
    }])
}

fn unreadable(files: &SuiteFiles, name: &str, error: &std::io::Error) -> Diagnostic {
    let known = files.files.keys().filter_map(|path| path.strip_prefix("targets/")?.strip_suffix(".yaml"));
    let names: Vec<&str> = known.collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known targets: {}", names.join(", ")),
    };
    Diagnostic {
        origin: name.to_owned(),
        text: Arc::from(""),
        span: 0..0,
        message: format!("no target has this name, and the file cannot be read: {error}"),
        hint: Some(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_by_name_and_by_path() {
        let files = SuiteFiles::embedded();
        assert_eq!(load(&files, "mock").expect("target").name, "mock");
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("own.yaml");
        std::fs::write(&path, files.files["targets/mock.yaml"].replace("name: mock", "name: own")).expect("written");
        assert_eq!(load(&files, &path.to_string_lossy()).expect("target").name, "own");
        std::fs::write(&path, "format: other\nname: own\n").expect("written");
        assert!(load(&files, &path.to_string_lossy()).is_err());
        let mistakes = load(&files, "mokc").expect_err("no such target");
        assert_eq!(mistakes[0].hint.as_deref(), Some("did you mean `mock`?"));
    }
}
