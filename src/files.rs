//! The suites folder as text: embedded in the binary, or read from a folder that replaces it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/suites");

/// YAML files by path below the suites folder, with `/` between parts: `cloudauth/contract.yaml`.
#[derive(Debug, Clone, Default)]
pub struct SuiteFiles {
    /// What stands before each path in messages, for example `suites`.
    pub root: String,
    pub files: BTreeMap<String, Arc<str>>,
}

/// Why a suites folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("read {path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("find any .yaml file below {0}")]
    Empty(PathBuf),
}

impl SuiteFiles {
    /// Returns the files built into the binary.
    pub fn embedded() -> Self {
        let mut files = BTreeMap::new();
        collect_embedded(&EMBEDDED, &mut files);
        Self { root: "suites".to_owned(), files }
    }

    /// Reads every `.yaml` file below a folder.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let mut files = BTreeMap::new();
        read_folder(folder, "", &mut files)?;
        if files.is_empty() {
            return Err(ReadError::Empty(folder.to_owned()));
        }
        Ok(Self { root: folder.display().to_string(), files })
    }

    /// Returns a file as messages name it.
    pub fn origin(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// Returns the names of the folders that hold a `contract.yaml`, `gateway` first.
    pub fn apis(&self) -> Vec<&str> {
        let mut apis: Vec<&str> = self.files.keys().filter_map(|path| path.strip_suffix("/contract.yaml")).collect();
        apis.sort_by_key(|api| (*api != "gateway", *api));
        apis
    }
}

fn collect_embedded(dir: &Dir<'_>, files: &mut BTreeMap<String, Arc<str>>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if path.ends_with(".yaml")
            && let Some(text) = file.contents_utf8()
        {
            files.insert(path, text.into());
        }
    }
    for inner in dir.dirs() {
        collect_embedded(inner, files);
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Arc<str>>) -> Result<(), ReadError> {
    let io = |source| ReadError::Io { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.file_type().map_err(io)?.is_dir() {
            read_folder(&entry.path(), &path, files)?;
        } else if path.ends_with(".yaml") {
            let text =
                std::fs::read_to_string(entry.path()).map_err(|source| ReadError::Io { path: entry.path(), source })?;
            files.insert(path, text.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_yaml_is_a_mistake() {
        let folder = tempfile::tempdir().expect("temporary folder");
        assert!(matches!(SuiteFiles::read(folder.path()), Err(ReadError::Empty(_))));
        assert!(matches!(SuiteFiles::read(&folder.path().join("absent")), Err(ReadError::Io { .. })));
    }
}
