//! The sidecar's own credentials for chart repositories, as `docs/limits.md` shows them, with a server on loopback.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use base64::Engine as _;
use tempfile::TempDir;

use crate::common;

const USER: &str = "reader";
const PASSWORD: &str = "c0rrect-horse";

/// Serves a directory to whoever has the password.
fn serve(listener: TcpListener, dir: PathBuf) {
    let credentials = base64::prelude::BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &dir, &format!("Basic {credentials}"));
        }
    });
}

fn answer(mut stream: TcpStream, dir: &Path, wanted: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let path = request.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let authorized = headers.iter().any(|header| header.ends_with(wanted));
    let (status, body) = match fs::read(dir.join(path)) {
        _ if !authorized => ("401 Unauthorized", Vec::new()),
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client that has seen enough may be gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn write(file: PathBuf, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// A chart repository with a password, and a chart that depends on a chart in it.
fn charts(helm: &Path) -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    write(dir.path().join("common/Chart.yaml"), "apiVersion: v2\nname: common\nversion: 1.0.0\n");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-the-repository\n";
    write(dir.path().join("common/templates/map.yaml"), map);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let run = |arguments: &[&str]| {
        let ran = Command::new(helm).args(arguments).current_dir(dir.path()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    fs::create_dir(dir.path().join("server")).unwrap();
    run(&["package", "common", "--destination", "server"]);
    run(&["repo", "index", "server", "--url", &url]);
    serve(listener, dir.path().join("server"));
    let chart = format!(
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n  - {{name: common, version: 1.0.0, repository: '{url}'}}\n"
    );
    write(dir.path().join("app/Chart.yaml"), &chart);
    (dir, url)
}

#[test]
fn a_chart_repository_takes_the_credentials_of_the_sidecar() {
    for tool in ["helm3", "helm4"] {
        let Some(helm) = common::tool(tool) else { return };
        let (dir, url) = charts(&helm);
        let generate = |password: &str| {
            let config = format!(
                "apiVersion: ''\nrepositories:\n- {{name: shop, url: '{url}', username: {USER}, password: {password}}}\n"
            );
            write(dir.path().join("repositories.yaml"), &config);
            let mut command = assert_cmd::Command::cargo_bin("presync").unwrap();
            command.arg("generate").arg(dir.path().join("app"));
            command
                .env("PRESYNC_HELM", &helm)
                .env("HELM_REPOSITORY_CONFIG", dir.path().join("repositories.yaml"));
            command.env("NO_PROXY", "127.0.0.1").assert()
        };
        let rendered = generate(PASSWORD).success();
        assert!(
            String::from_utf8_lossy(&rendered.get_output().stdout).contains("from-the-repository"),
            "{tool}"
        );
        let refused = generate("wr0ng-horse").code(4);
        let stderr = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(stderr.contains("set HELM_REPOSITORY_CONFIG"), "{tool}: {stderr}");
        assert!(!stderr.contains("wr0ng-horse"), "{tool}: {stderr}");
    }
}
