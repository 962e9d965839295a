//! A repository in a temporary directory, and rendering in it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use presync::{
    argocd::App,
    error::Result,
    render::{Deadline, Rendered, Request, Root, Tools, render},
    settings::Settings,
};
use tempfile::TempDir;

/// A repository and the app in it.
pub(crate) struct Repository {
    temp: TempDir,
    app: &'static str,
}

impl Repository {
    /// The repository with these files, by path and text, and the app at the path `app`.
    pub(crate) fn new(app: &'static str, files: &[(&str, &str)]) -> Self {
        let this = Self { temp: tempfile::tempdir().unwrap(), app };
        fs::create_dir(this.root()).unwrap();
        for (path, text) in files {
            this.write(path, text);
        }
        this
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Its root, canonical.
    pub(crate) fn root(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("repository")
    }

    /// The app's directory.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root().join(self.app)
    }

    /// Renders the app with tools that the environment variables name.
    pub(crate) fn render(&self, tools: &Tools, app: &App, settings: &Settings) -> Result<Rendered> {
        let dir = self.dir();
        let app = App { path: Some(self.app.to_owned()), ..app.clone() };
        let root = Root::find(&dir, app.path.as_deref())?;
        let deadline = Deadline::after(settings.timeout);
        render(&Request { dir: &dir, root: &root, settings, app: &app, tools, deadline })
    }

    /// Every file and link in it with its content, to see that nothing was left behind.
    pub(crate) fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        contents(&self.root())
    }
}

fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let of = |path: PathBuf| match fs::read_link(&path) {
        Ok(target) => vec![(path, target.into_os_string().into_encoded_bytes())],
        Err(_) if path.is_dir() => [vec![(path.clone(), Vec::new())], contents(&path)].concat(),
        Err(_) => vec![(path.clone(), fs::read(&path).unwrap())],
    };
    entries.into_iter().flat_map(of).collect()
}

/// The tools of this name and path, such as `PRESYNC_HELM`.
pub(crate) fn tools(paths: &[(&str, &Path)]) -> Tools {
    let path = std::env::var("PATH").unwrap();
    let named = paths.iter().map(|(name, path)| ((*name).to_owned(), path.to_str().unwrap().to_owned()));
    Tools::from_env(&named.chain([("PATH".to_owned(), path)]).collect(), None)
}

/// Runs a tool itself and gives its stdout.
pub(crate) fn run(tool: &Path, dir: &Path, args: &[&str]) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(tool)
        .args(args)
        .current_dir(dir)
        .env("HELM_CACHE_HOME", home.path())
        .env("HELM_CONFIG_HOME", home.path())
        .env("HELM_DATA_HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The app as Argo CD describes it.
pub(crate) fn app() -> App {
    App {
        name: Some("catalog-dev".into()),
        namespace: Some("shop".into()),
        revision: Some("0123456789abcdef0123456789abcdef01234567".into()),
        kube_version: Some("1.31.5".into()),
        api_versions: vec![
            "v1".into(),
            "batch/v1".into(),
            "batch/v1/Job".into(),
            "example.com/v1/Widget".into(),
        ],
        ..App::default()
    }
}

/// Settings with a timeout in which every tool ends on a busy machine.
pub(crate) fn settings() -> Settings {
    Settings { timeout: Duration::from_mins(2), ..Settings::default() }
}

/// Serves the files of a directory over HTTP to whoever asks, and gives the URL.
pub(crate) fn serve(dir: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(|line| line.unwrap());
            let path = lines.next().unwrap().split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
            lines.take_while(|line| !line.is_empty()).count();
            let (status, body) =
                fs::read(dir.join(path)).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            )
            .unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    url
}
