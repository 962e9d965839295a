//! The files in `examples/install` put a sidecar into Argo CD's repo-server that can run there.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::common;

const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/install");

fn read(file: &str) -> Value {
    serde_yaml::from_str(&fs::read_to_string(Path::new(INSTALL).join(file)).unwrap()).unwrap()
}

/// The pod of Argo CD's repo-server with a component of `examples` put on Argo CD's own manifests.
fn pod(component: &str) -> Option<Value> {
    let (kustomize, manifests) = (common::tool("kustomize")?, common::tool("argocd-install.yaml")?);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    for example in ["install", "install-init-container"] {
        let files = Path::new(INSTALL).with_file_name(example);
        assert!(Command::new("cp").arg("-r").arg(files).arg(&dir).status().unwrap().success());
    }
    fs::create_dir(dir.join("argocd")).unwrap();
    fs::copy(manifests, dir.join("argocd/install.yaml")).unwrap();
    let kustomization =
        format!("namespace: argocd\nresources: [install.yaml]\ncomponents: [../{component}]\n");
    fs::write(dir.join("argocd/kustomization.yaml"), kustomization).unwrap();
    let built = Command::new(kustomize).arg("build").arg(dir.join("argocd")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let built = String::from_utf8(built.stdout).unwrap();
    let find = |kind: &str, name: &str| -> Value {
        let (kind, name) = (format!("kind: {kind}"), format!("  name: {name}"));
        let is = |document: &&str| [&kind, &name].iter().all(|line| document.lines().any(|it| it == *line));
        serde_yaml::from_str(built.split("\n---\n").find(is).unwrap()).unwrap()
    };
    let platform = find("ConfigMap", "presync-platform");
    assert_eq!(platform["metadata"], json!({"name": "presync-platform", "namespace": "argocd"}));
    Some(find("Deployment", "argocd-repo-server")["spec"]["template"]["spec"].clone())
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let entries = list.as_array().unwrap();
    entries.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

/// What holds for the sidecar however it comes into the pod.
fn check(sidecar: &Value, volumes: &Value) {
    let mounted = names(&sidecar["volumeMounts"]);
    assert!(!mounted.contains("tmp"), "the sidecar may not share the repo-server's /tmp");
    for volume in mounted.into_iter().filter(|name| name.starts_with("presync")) {
        let volume = named(volumes, volume);
        assert!(
            volume.get("configMap").is_some() || volume["emptyDir"].get("sizeLimit").is_some(),
            "{volume} has no limit"
        );
    }
    let hardened = &sidecar["securityContext"];
    for (field, value) in [
        ("runAsNonRoot", json!(true)),
        ("allowPrivilegeEscalation", json!(false)),
        ("readOnlyRootFilesystem", json!(true)),
        ("capabilities", json!({"drop": ["ALL"]})),
        ("seccompProfile", json!({"type": "RuntimeDefault"})),
    ] {
        assert_eq!(hardened[field], value, "{field}");
    }
    assert_eq!(
        sidecar["readinessProbe"]["exec"]["command"],
        json!(["test", "-S", "/home/argocd/cmp-server/plugins/presync.sock"])
    );
    assert_eq!(sidecar["command"], json!(["/var/run/argocd/argocd-cmp-server"]));
    assert!(sidecar["resources"]["limits"]["memory"].is_string());
}

#[test]
fn the_component_adds_a_sidecar_to_the_repo_server() {
    let Some(pod) = pod("install") else { return };
    assert_eq!(names(&pod["containers"]), ["argocd-repo-server", "presync"].into());
    let sidecar = named(&pod["containers"], "presync");
    assert!(names(&sidecar["volumeMounts"]).is_subset(&names(&pod["volumes"])));
    check(sidecar, &pod["volumes"]);
    assert_eq!(sidecar["securityContext"]["runAsUser"], 999);
    assert_eq!(pod["automountServiceAccountToken"], false);
}

#[test]
fn the_init_container_brings_presync_into_argocds_own_image() {
    let Some(pod) = pod("install-init-container") else { return };
    let [server, sidecar] = ["argocd-repo-server", "presync"].map(|name| named(&pod["containers"], name));
    assert_eq!(sidecar["image"], server["image"]);
    assert!(names(&sidecar["volumeMounts"]).is_subset(&names(&pod["volumes"])));
    check(sidecar, &pod["volumes"]);
    check_installed(named(&pod["initContainers"], "presync-install"), sidecar);
    assert_eq!(pod["automountServiceAccountToken"], false);
}

/// What the init container installs is where the sidecar looks for it.
fn check_installed(init: &Value, sidecar: &Value) {
    let [from, to] = [init, sidecar].map(|container| named(&container["volumeMounts"], "presync"));
    assert_eq!(init["args"], json!(["install", from["mountPath"]]));
    assert_eq!(to["mountPath"], "/home/argocd/cmp-server/config", "where the cmp-server reads plugin.yaml");
    let path = named(&sidecar["env"], "PATH")["value"].as_str().unwrap();
    assert_eq!(path.split(':').next(), to["mountPath"].as_str());
}

#[test]
fn the_operator_gets_a_sidecar_without_a_fixed_user() {
    let repo = &read("argocd-operator.yaml")["spec"]["repo"];
    let sidecar = named(&repo["sidecarContainers"], "presync");
    let init = named(&repo["initContainers"], "presync-install");
    check(sidecar, &repo["volumes"]);
    check_installed(init, sidecar);
    for container in [init, sidecar] {
        assert_eq!(container["securityContext"].get("runAsUser"), None, "OpenShift chooses the user");
    }
    assert_eq!(sidecar.get("image"), None, "the operator takes the repo-server's");
    assert_eq!(repo["mountsatoken"], false);
}

#[test]
fn the_chart_gets_the_same_sidecar_and_settings() {
    let values = read("values-argo-cd.yaml");
    let patch = read("repo-server-sidecar.yaml");
    let pod = &patch["spec"]["template"]["spec"];
    assert_eq!(values["repoServer"]["extraContainers"], pod["containers"]);
    assert_eq!(values["repoServer"]["volumes"], pod["volumes"]);
    assert_eq!(values["repoServer"]["automountServiceAccountToken"], pod["automountServiceAccountToken"]);
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
    let slim = format!("image: {image}-slim # ");
    for file in ["install/argocd-operator.yaml", "install-init-container/repo-server-init-container.yaml"] {
        let text = fs::read_to_string(Path::new(INSTALL).with_file_name("").join(file)).unwrap();
        assert_eq!(text.matches(&slim).count(), 1, "{file}");
    }
    assert_eq!(
        read("repo-server-sidecar.yaml")["spec"]["template"]["spec"]["containers"][0]["image"],
        image.as_str()
    );
    let dockerfile = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Dockerfile")).unwrap();
    let versions: Vec<&str> =
        dockerfile.lines().filter_map(|line| line.strip_prefix("ARG VERSION=")).collect();
    assert_eq!(versions, [version; 2]);
}
