//! `presync.yaml`: read, or refused with an error that names the file and repeats no value.

use std::{cell::OnceCell, fs};

use presync::settings::{self, Inputs};
use tempfile::TempDir;

/// Runs one case.
pub fn run(data: &[u8]) {
    thread_local!(static DIR: OnceCell<TempDir> = const { OnceCell::new() });
    DIR.with(|dir| {
        let dir = dir.get_or_init(|| tempfile::tempdir().expect("a temporary directory"));
        fs::write(dir.path().join("presync.yaml"), data).expect("a file");
        let inputs = Inputs { app_dir: Some(dir.path().to_owned()), ..Inputs::default() };
        if let Err(problems) = settings::load(&inputs) {
            let text = problems.to_string();
            assert!(text.starts_with("error: ") && text.contains("at: presync.yaml"), "{text}");
        }
    });
}
