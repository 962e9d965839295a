//! Honest apps that fetch with the platform's credentials: charts from a repository and a registry, bases by git.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    common, fixture,
    hostile::{App, CHART, with_tools},
};

const CREDENTIALS: &str = "platform:swordfish";

/// Serves the files in `www`, and the repositories in `git` with git's own backend, to whoever has the credentials.
const SERVE: &str = r#"
import base64, hashlib, http.server, os, ssl, subprocess

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = "Basic " + base64.b64encode(b"platform:swordfish").decode()
        if self.headers.get("Authorization") != wanted:
            return self.reply("401", {"WWW-Authenticate": 'Basic realm="x"'}, b"")
        path, _, query = self.path.partition("?")
        if path.startswith("/git/"):
            return self.git(path[4:], query)
        path = "www" + path + ("index" if path.endswith("/") else "")
        if not os.path.isfile(path):
            return self.reply("404", {}, b"")
        kind = "application/vnd.oci.image.manifest.v1+json" if "/manifests/" in path else "application/octet-stream"
        body = open(path, "rb").read()
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        self.reply("200", {"Content-Type": kind, "Docker-Content-Digest": digest}, body)

    do_HEAD = do_POST = do_GET

    def git(self, path, query):
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": os.path.abspath("git"), "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.path.abspath("gitconfig"),
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "REMOTE_USER": "platform",
        }
        request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = subprocess.run(["git", "http-backend"], input=request, env=env, stdout=subprocess.PIPE).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.reply(fields.pop("Status", "200").split(" ")[0], fields, body)

    def reply(self, status, fields, body):
        self.send_response(int(status))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

/// A server by TLS, with a certificate of its own.
struct Server {
    dir: TempDir,
    process: Child,
    host: String,
}

impl Server {
    /// Starts it; none where openssl or python3 is missing.
    fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        for name in ["www", "git"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        // The backend serves only what belongs to its user, or what the configuration calls safe.
        fs::write(dir.path().join("gitconfig"), "[safe]\n\tdirectory = *\n").unwrap();
        let certificate = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(dir.path())
            .output();
        let process = Command::new("python3")
            .args(["-c", SERVE])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .spawn();
        let (Ok(_), Ok(mut process)) = (certificate, process) else {
            assert!(!common::tools_required(), "openssl and python3 are needed");
            return None;
        };
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Self { dir, process, host: format!("localhost:{}", port.trim()) })
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.dir.path().join("www").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs presync with trust in the server, and with this variable.
    fn command(&self, app: &App, name: &str, value: &Path) -> Command {
        let mut command = app.command("null");
        let certificate = self.dir.path().join("cert.pem");
        command.env("SSL_CERT_FILE", &certificate).env("GIT_SSL_CAINFO", &certificate).env(name, value);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn digest(bytes: &[u8]) -> String {
    let hex = Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("sha256:{hex}")
}

/// The chart `s`, packed by Helm.
fn packed(helm: &Path) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("s/templates")).unwrap();
    fs::write(dir.path().join("s/Chart.yaml"), "apiVersion: v2\nname: s\nversion: 0.1.0\n").unwrap();
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fetched}\n";
    fs::write(dir.path().join("s/templates/x.yaml"), object).unwrap();
    fixture::run(helm, dir.path(), &["package", "s"]);
    fs::read(dir.path().join("s-0.1.0.tgz")).unwrap()
}

/// An app whose chart depends on the chart `s` in a repository.
fn depending(helm: &Path, kustomize: &Path, repository: &str) -> App {
    let app = App::new(helm, kustomize, CHART);
    let chart = "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:";
    app.write("Chart.yaml", &format!("{chart} [{{name: s, version: 0.1.0, repository: '{repository}'}}]\n"));
    app
}

/// What the command prints, without the credentials, which are nowhere.
#[track_caller]
fn rendered(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{stderr}");
    assert!(!stdout.contains("swordfish") && !stderr.contains("swordfish"), "{stdout}\n{stderr}");
    stdout
}

/// A run without the credentials, whose password is in `file`, fails.
#[track_caller]
fn refused(command: &mut Command, file: &Path) {
    let kept = fs::read_to_string(file).unwrap();
    fs::write(file, kept.replace("swordfish", "x").replace(&STANDARD.encode(CREDENTIALS), "eDp4")).unwrap();
    assert_eq!(command.output().unwrap().status.code(), Some(4));
    fs::write(file, kept).unwrap();
}

#[test]
fn a_chart_repository_gets_the_platforms_credentials() {
    with_tools(|helm, kustomize| {
        let Some(server) = Server::start() else { return };
        let url = format!("https://{}/charts", server.host);
        let index = format!(
            "apiVersion: v1\nentries: {{s: [{{name: s, version: 0.1.0, apiVersion: v2, urls: ['{url}/s.tgz']}}]}}\n"
        );
        server.write("charts/index.yaml", index);
        server.write("charts/s.tgz", packed(helm));
        let app = depending(helm, kustomize, &url);
        let config = app.out().join("../repositories.yaml");
        let entry = format!("{{name: x, url: '{url}', username: platform, password: swordfish}}");
        fs::write(&config, format!("apiVersion: ''\nrepositories: [{entry}]\n")).unwrap();
        let mut command = server.command(&app, "HELM_REPOSITORY_CONFIG", &config);
        refused(&mut command, &config);
        let text = rendered(&mut command);
        assert!(text.contains("name: fetched"), "{text}");
    });
}

#[test]
fn a_registry_gets_the_platforms_credentials() {
    with_tools(|helm, kustomize| {
        let Some(server) = Server::start() else { return };
        let chart = packed(helm);
        let config = br#"{"name":"s","version":"0.1.0","apiVersion":"v2"}"#;
        let layer = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": layer("application/vnd.cncf.helm.config.v1+json", config),
            "layers": [layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &chart)],
        });
        let manifest = manifest.to_string();
        server.write("v2/index", "{}");
        server.write("v2/charts/s/tags/list", r#"{"name":"charts/s","tags":["0.1.0"]}"#);
        for name in ["0.1.0", &digest(manifest.as_bytes())] {
            server.write(&format!("v2/charts/s/manifests/{name}"), &manifest);
        }
        for blob in [&config[..], &chart] {
            server.write(&format!("v2/charts/s/blobs/{}", digest(blob)), blob);
        }
        let app = depending(helm, kustomize, &format!("oci://{}/charts", server.host));
        let file = app.out().join("../registry.json");
        let auth = json!({"auths": {server.host.as_str(): {"auth": STANDARD.encode(CREDENTIALS)}}});
        fs::write(&file, auth.to_string()).unwrap();
        let mut command = server.command(&app, "HELM_REGISTRY_CONFIG", &file);
        refused(&mut command, &file);
        let text = rendered(&mut command);
        assert!(text.contains("name: fetched"), "{text}");
    });
}

/// A bare repository `base.git` in `dir` with a kustomization.
fn git_base(dir: &Path) {
    let git = |args: &[&str], dir: &Path| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(args).current_dir(dir);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").stdout(Stdio::null()).stderr(Stdio::null());
        assert!(git.status().unwrap().success(), "git {args:?}");
    };
    let work = dir.join("work");
    fs::create_dir(&work).unwrap();
    fs::write(work.join("kustomization.yaml"), "resources: [x.yaml]\n").unwrap();
    fs::write(work.join("x.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fetched}\n").unwrap();
    git(&["init", "--quiet", "--initial-branch", "main"], &work);
    git(&["add", "."], &work);
    git(&["commit", "--quiet", "--message", "base"], &work);
    git(&["clone", "--quiet", "--bare", "work", "base.git"], dir);
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_base_by_ssh_is_fetched_with_the_platforms_ssh() {
    let (Some(helm), Some(kustomize)) = (common::tool("helm4"), common::tool("kustomize")) else { return };
    let server = tempfile::tempdir().unwrap();
    git_base(server.path());
    // In the place of ssh: what the host would run, here.
    let ssh = server.path().join("ssh");
    let base = server.path().join("base.git");
    script(&ssh, &format!("#!/bin/sh\nexec git upload-pack {}\n", base.display()));
    let app = App::new(&helm, &kustomize, &[]);
    app.write("kustomization.yaml", "resources: ['ssh://git@git.example.com/team/base.git?ref=main']\n");
    let text = rendered(app.command("null").env("GIT_SSH_COMMAND", &ssh));
    assert!(text.contains("name: fetched"), "{text}");
}

#[test]
fn a_base_by_https_is_fetched_with_argo_cds_credentials() {
    let (Some(helm), Some(kustomize)) = (common::tool("helm4"), common::tool("kustomize")) else { return };
    let Some(server) = Server::start() else { return };
    git_base(&server.dir.path().join("git"));
    // Argo CD's own asks the repo-server for user and password.
    let askpass = server.dir.path().join("askpass");
    script(&askpass, "#!/bin/sh\ncase $1 in Username*) echo platform ;; *) echo swordfish ;; esac\n");
    let app = App::new(&helm, &kustomize, &[]);
    let base = format!("https://{}/git/base.git?ref=main", server.host);
    app.write("kustomization.yaml", &format!("resources: ['{base}']\n"));
    let mut command = server.command(&app, "GIT_ASKPASS", &askpass);
    command.env("ARGOCD_GIT_ASKPASS_NONCE", "nonce");
    refused(&mut command, &askpass);
    let text = rendered(&mut command);
    assert!(text.contains("name: fetched"), "{text}");
}
