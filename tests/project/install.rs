//! The files in `examples/install` put a sidecar into Argo CD's repo-server that can run there.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::common;

const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/install");

fn read(file: &str) -> Value {
    serde_yaml::from_str(&fs::read_to_string(Path::new(INSTALL).join(file)).unwrap()).unwrap()
}

/// The part of Argo CD's repo-server that the component refers to, with the names of Argo CD's own manifests
/// (`manifests/base/repo-server/argocd-repo-server-deployment.yaml`).
const REPO_SERVER: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: argocd-repo-server
spec:
  selector:
    matchLabels: {app.kubernetes.io/name: argocd-repo-server}
  template:
    metadata:
      labels: {app.kubernetes.io/name: argocd-repo-server}
    spec:
      containers:
        - name: argocd-repo-server
          image: argocd
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: plugins, mountPath: /home/argocd/cmp-server/plugins}
      initContainers:
        - name: copyutil
          image: argocd
          volumeMounts:
            - {name: var-files, mountPath: /var/run/argocd}
      volumes:
        - {name: tmp, emptyDir: {}}
        - {name: var-files, emptyDir: {}}
        - {name: plugins, emptyDir: {}}
";

#[test]
fn the_component_adds_a_sidecar_to_the_repo_server() {
    let Some(kustomize) = common::tool("kustomize") else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    for (file, text) in [
        ("argocd/repo-server.yaml", REPO_SERVER),
        (
            "argocd/kustomization.yaml",
            "namespace: argocd\nresources: [repo-server.yaml]\ncomponents: [../install]\n",
        ),
    ] {
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        fs::write(dir.join(file), text).unwrap();
    }
    fs::create_dir(dir.join("install")).unwrap();
    for file in ["kustomization.yaml", "platform.yaml", "repo-server-sidecar.yaml"] {
        fs::copy(Path::new(INSTALL).join(file), dir.join("install").join(file)).unwrap();
    }

    let built = Command::new(kustomize).arg("build").arg(dir.join("argocd")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let objects: Vec<Value> = String::from_utf8(built.stdout)
        .unwrap()
        .split("---\n")
        .map(|document| serde_yaml::from_str(document).unwrap())
        .collect();
    let of_kind = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();

    assert_eq!(of_kind("ConfigMap")["metadata"], json!({"name": "presync-platform", "namespace": "argocd"}));
    let pod = &of_kind("Deployment")["spec"]["template"]["spec"];
    let names = |list: &Value| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&pod["containers"]), ["argocd-repo-server", "presync"].map(str::to_owned).into());
    let sidecar = pod["containers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|container| container["name"] == "presync")
        .unwrap();
    let mounted = names(&sidecar["volumeMounts"]);
    let volumes = names(&pod["volumes"]);
    assert!(mounted.is_subset(&volumes), "{mounted:?} not all in {volumes:?}");
    assert!(!mounted.contains("tmp"), "the sidecar may not share the repo-server's /tmp");
}

#[test]
fn the_chart_gets_the_same_sidecar_and_settings() {
    let values = read("values-argo-cd.yaml");
    let patch = read("repo-server-sidecar.yaml");
    let pod = &patch["spec"]["template"]["spec"];
    assert_eq!(values["repoServer"]["extraContainers"], pod["containers"]);
    assert_eq!(values["repoServer"]["volumes"], pod["volumes"]);
    assert_eq!(values["extraObjects"], json!([read("platform.yaml")]));
}

#[test]
fn the_platform_file_is_valid_and_holds_for_an_app() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("presync.yaml");
    fs::write(&file, read("platform.yaml")["data"]["presync.yaml"].as_str().unwrap()).unwrap();
    let output = assert_cmd::Command::cargo_bin("presync")
        .unwrap()
        .args(["generate", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/directory/staging")])
        .env("ARGOCD_APP_NAME", "catalog-staging")
        .env("PRESYNC_CONFIG", file)
        .assert()
        .success();
    let manifests = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(manifests.contains("  ttlSecondsAfterFinished: 3600"), "{manifests}");
}

/// The stage `source` of the Dockerfile copies what cargo needs to read the workspace, and `.dockerignore` lets it.
#[test]
fn the_images_are_built_from_a_whole_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let context = tempfile::tempdir().unwrap();
    let dockerfile = fs::read_to_string(root.join("Dockerfile")).unwrap();
    let ignored = fs::read_to_string(root.join(".dockerignore")).unwrap();
    let stage = dockerfile.split("\nFROM ").find(|stage| stage.contains(" AS source\n")).unwrap();
    let mut copied = 0;
    for line in stage.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let files: Vec<&str> = line.split_whitespace().collect();
        for file in &files[..files.len() - 1] {
            assert!(ignored.lines().any(|line| line == format!("!{file}")), ".dockerignore hides {file}");
            let to = context.path().join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let copy = Command::new("cp").arg("-r").arg(root.join(file)).arg(to).status().unwrap();
            assert!(copy.success(), "{file}");
            copied += 1;
        }
    }
    assert!(copied > 3, "the copies were not found");
    // Unlike `cargo metadata`, it wants every target's file.
    let read = Command::new(env!("CARGO"))
        .args(["fetch", "--locked", "--offline"])
        .current_dir(context.path())
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

#[test]
fn the_images_have_the_version_of_the_crate() {
    let version = env!("CARGO_PKG_VERSION");
    let image = format!("argocd-presync-plugin:{version}");
    assert_eq!(
        read("repo-server-sidecar.yaml")["spec"]["template"]["spec"]["containers"][0]["image"],
        image.as_str()
    );
    let dockerfile = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Dockerfile")).unwrap();
    let versions: Vec<&str> =
        dockerfile.lines().filter_map(|line| line.strip_prefix("ARG VERSION=")).collect();
    assert_eq!(versions, [version; 3]);
}
