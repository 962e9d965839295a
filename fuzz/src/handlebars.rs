//! Templates: rendered within the limits, or refused with an error.
//!
//! The parts of the input, separated by the character 0x1E, are values, a template and a partial.

use std::{
    cell::OnceCell,
    fs,
    time::{Duration, Instant},
};

use presync::{
    argocd::App,
    limits,
    render::{self, Deadline, Request, Root, Tools},
    settings::{RendererKind, Settings},
};
use tempfile::TempDir;

/// Runs one case.
pub fn run(data: &[u8]) {
    thread_local!(static DIR: OnceCell<TempDir> = const { OnceCell::new() });
    DIR.with(|dir| {
        let dir = dir.get_or_init(|| tempfile::tempdir().expect("a temporary directory"));
        let path = dir.path().canonicalize().expect("the directory");
        let mut parts = data.splitn(3, |byte| *byte == b'\x1e');
        for name in ["values.yaml", "a.yaml.hbs", "_p.hbs"] {
            fs::write(path.join(name), parts.next().unwrap_or_default()).expect("a file");
        }
        let settings = Settings { renderer: Some(RendererKind::Handlebars), ..Settings::default() };
        let request = Request {
            dir: &path,
            root: &Root::find(&path, None).expect("the directory"),
            settings: &settings,
            app: &App::default(),
            tools: &Tools::default(),
            deadline: Deadline::since(Instant::now(), Duration::from_secs(9)),
        };
        match render::render(&request) {
            Ok(rendered) => {
                let bytes: usize = rendered.sources.iter().map(|source| source.bytes.len()).sum();
                assert!(bytes <= limits::RENDERED_BYTES);
            }
            Err(problems) => assert!(problems.to_string().starts_with("error: ")),
        }
    });
}
