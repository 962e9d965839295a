//! A local run is Argo CD's: for each Application of the examples, and for those that `ApplicationSets` make, `presync
//! generate --application` prints the bytes that the repo-server gets from the plugin.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::lab::{Lab, Recorder, Sidecar, argoproj};
use e2e::repository::Repository;
use e2e::scenario::Scenario;
use e2e::wait;
use k8s_openapi::serde_json::{Value, json};
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use serde::Deserialize as _;

use crate::ROOT;

/// The examples with Applications.
const EXAMPLES: &[&str] = &["directory", "fleet", "handlebars", "helm", "kustomize"];

/// What the examples do not have.
const OTHERS: &[(&str, &str)] = &[
    (
        "others/applications.yaml",
        "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: local-environment}
spec:
  project: default
  source:
    path: others/templates
    plugin:
      name: presync
      env:
        - {name: TAG, value: v-$ARGOCD_APP_NAME}
        - {name: OWNER, value: $ARGOCD_ENV_TEAM}
        - {name: TEAM, value: shop}
      parameters:
        - {name: environment, string: preview}
        - {name: values, string: '{image: {tag: 1.2.3}, replicas: 2}'}
        - {name: migrations.names, array: [migrate, '*-db']}
  destination: {server: https://kubernetes.default.svc, namespace: local-environment}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: local-files}
spec:
  generators:
    - merge:
        mergeKeys: [name]
        generators:
          - git: {repoURL: https://git.example.com/r.git, revision: HEAD, files: [{path: others/apps/*.json}]}
          - list: {elements: [{name: local-two, ttl: 2h}]}
  template:
    metadata: {name: '{{name}}'}
    spec:
      project: default
      source:
        repoURL: https://git.example.com/r.git
        path: others/{{path.basename}}/{{name}}
        plugin: {name: presync, parameters: [{name: ttl, string: '{{ttl}}'}]}
      destination: {server: https://kubernetes.default.svc, namespace: '{{name}}'}
",
    ),
    (
        "others/sets.yaml",
        "\
# Go templates, values, an exclusion, a patch of the template.
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set-directories}
spec:
  goTemplate: true
  generators:
    - git:
        repoURL: https://git.example.com/r.git
        revision: HEAD
        directories: [{path: others/apps/*}, {path: others/apps/local-two, exclude: true}]
        pathParamPrefix: app
        values: {owner: '{{ .app.path.basename | upper }}', short: '{{ index .app.path.segments 1 }}'}
  template:
    metadata: {name: 'set-{{ .app.path.basenameNormalized }}', labels: {owner: '{{ .values.owner }}'}}
    spec:
      project: default
      source:
        repoURL: https://git.example.com/r.git
        path: '{{ .app.path.path }}'
        plugin: {name: presync, env: [{name: PRESYNC_TTL, value: 40m}, {name: OWNER, value: '{{ .values.owner | lower | trunc -5 }}'}]}
      destination: {server: https://kubernetes.default.svc, namespace: '{{ .values.short }}-{{ default \"x\" .none }}'}
  templatePatch: |
    spec:
      source:
        plugin:
          parameters:
            - {name: environment, string: '{{ if eq .app.path.basename \"local-one\" }}staging{{ else }}dev{{ end }}'}
---
# A matrix whose second generator uses the first one's parameters, files with lists and numbers.
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set-matrix}
spec:
  generators:
    - matrix:
        generators:
          - list: {elements: [{folder: lists}]}
          - git: {repoURL: https://git.example.com/r.git, revision: HEAD, files: [{path: 'others/{{folder}}/*.yaml'}]}
  template:
    metadata: {name: 'set-{{name}}-{{path[1]}}'}
    spec:
      project: default
      source:
        repoURL: https://git.example.com/r.git
        path: others/apps/local-one
        plugin: {name: presync, parameters: [{name: ttl, string: '{{deep.ttl}}s'}, {name: environment, string: 'e{{number}}-{{path.filenameNormalized}}'}]}
      destination: {server: https://kubernetes.default.svc, namespace: '{{name}}'}
---
# Selectors, a template of a generator's own.
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set-lists}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - list: {elements: [{name: three, tier: a, keep: true}, {name: four, tier: b, keep: false}]}
      selector: {matchLabels: {tier: a}}
    - list:
        elements: [{name: five, tier: c, nested: {ttl: 5m}}]
        template:
          metadata: {name: ''}
          spec:
            destination: {namespace: ''}
            project: default
            source:
              repoURL: https://git.example.com/r.git
              path: others/apps/local-two
              plugin: {name: presync, parameters: [{name: ttl, string: '{{ .nested.ttl }}'}]}
  template:
    metadata: {name: 'set-{{ .name }}'}
    spec:
      project: default
      source: {repoURL: https://git.example.com/r.git, path: others/apps/local-one, plugin: {name: presync}}
      destination: {server: https://kubernetes.default.svc, namespace: '{{ .tier | upper | lower }}'}
",
    ),
    ("others/lists/some.yaml", "- {name: six, number: 6, deep: {ttl: 600}}\n- {name: seven, number: 7.5, deep: {ttl: 700}}\n"),
    ("others/lists/one_more.yaml", "name: eight\nnumber: 8\ndeep: {ttl: 800}\n"),
    ("others/apps/one.json", r#"{"name": "local-one", "ttl": "1h"}"#),
    ("others/apps/two.json", r#"{"name": "local-two", "ttl": "1h"}"#),
    ("others/apps/local-one/job.yaml", JOB),
    ("others/apps/local-two/job.yaml", JOB),
    (
        "others/templates/config.yaml.hbs",
        "\
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {tag: '{{values.image.tag}}', replicas: '{{values.replicas}}', owner: '{{env \"OWNER\"}} {{env \"TAG\"}}'}
",
    ),
    ("others/templates/job.yaml", JOB),
];

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: example.com/app:1, command: [flyway, migrate]}]
";

/// How long Argo CD may take for all of them.
const SOON: Duration = Duration::from_mins(5);

pub(crate) async fn runs_equal_the_repo_servers(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let (Some(recorder), Some(sidecar)) = (&lab.recorder, &lab.sidecar) else {
        // Somebody else's Argo CD has no such plugin.
        return Ok(());
    };
    let repository = repository(scenario)?;
    let mine = applications(&repository, lab, sidecar)?;
    ensure!(mine.len() > 30, "only {} Applications were found: {:?}", mine.len(), mine.keys());

    let mut made = Vec::new();
    for file in files_of_applications(&repository)? {
        for document in serde_yaml::Deserializer::from_str(&fs::read_to_string(file)?) {
            made.extend(make(lab, recorder, &repository, Value::deserialize(document)?).await?);
        }
    }
    let compared = compare(lab, recorder, &repository, &mine).await;
    for (kind, name) in made.into_iter().rev() {
        objects(lab, &kind).delete(&name, &DeleteParams::default()).await?;
    }
    compared
}

/// A repository with the examples and the others. Some Applications of different examples have one name there.
fn repository(scenario: &Scenario) -> Result<Repository> {
    let repository = Repository::create(&scenario.lab().git, scenario.name())?;
    let mut files: Vec<(String, String)> =
        OTHERS.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    for example in EXAMPLES {
        let folder = Path::new(ROOT).join("examples").join(example);
        for file in crate::renderers::files(&folder)? {
            let text =
                fs::read_to_string(&file)?.replace("name: catalog-", &format!("name: {example}-catalog-"));
            let path = file.strip_prefix(ROOT)?.to_str().context("not a UTF-8 path")?.to_owned();
            files.push((path, text));
        }
    }
    let files = files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str())));
    repository.commit("first", "", files)?;
    Ok(repository)
}

fn files_of_applications(repository: &Repository) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in fs::read_dir(repository.folder().join("examples"))? {
        let folder = folder?.path();
        files.extend([folder.join("applications.yaml")]);
        if folder.join("argocd").exists() {
            files.extend(crate::renderers::files(&folder.join("argocd"))?);
        }
    }
    files
        .extend(["applications", "sets"].map(|name| repository.folder().join(format!("others/{name}.yaml"))));
    files.retain(|file| file.exists());
    Ok(files)
}

/// The Applications that presync finds in the repository, with the files that say so; without those of Argo CD's own
/// sources.
fn applications(repository: &Repository, lab: &Lab, sidecar: &Sidecar) -> Result<BTreeMap<String, String>> {
    let globs = ["examples/*/applications.yaml", "examples/fleet/argocd/*.yaml", "others/*.yaml"];
    let mut arguments = vec!["explain", "--format", "json"];
    arguments.extend(globs.iter().flat_map(|glob| ["--applications", glob]));
    let report: Value = serde_json::from_slice(&run(repository, lab, sidecar, &arguments)?)?;
    let apps = report["apps"].as_array().context("no apps")?;
    let text = |app: &Value, key: &str| app[key].as_str().map(str::to_owned).context("no text");
    let apps = apps.iter().filter(|app| app["name"] != "reports-production");
    apps.map(|app| Ok((text(app, "name")?, text(app, "file")?))).collect()
}

/// Runs presync in the repository, as the sidecar would run it.
fn run(repository: &Repository, lab: &Lab, sidecar: &Sidecar, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(&sidecar.presync);
    command.args(arguments).current_dir(repository.folder()).env_clear();
    command
        .env("PATH", &sidecar.path)
        .env("PRESYNC_CONFIG", &sidecar.platform)
        .env("TMPDIR", &sidecar.folder);
    if let Some(user) = lab.git.owner {
        command.uid(user).gid(user);
    }
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "presync {} failed: {stderr}", arguments.join(" "));
    Ok(output.stdout)
}

fn objects(lab: &Lab, kind: &str) -> Api<DynamicObject> {
    Api::namespaced_with(lab.client.clone(), &lab.argocd, &argoproj(kind))
}

/// Makes an Application or `ApplicationSet` of this repository and the recording plugin, which deploys nothing; returns
/// its kind and name. One of Argo CD's own sources is left out.
async fn make(
    lab: &Lab,
    recorder: &Recorder,
    repository: &Repository,
    mut object: Value,
) -> Result<Option<(String, String)>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let spec =
        if kind == "Application" { &mut object["spec"] } else { &mut object["spec"]["template"]["spec"] };
    if spec["source"]["plugin"].is_null() {
        return Ok(None);
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("syncPolicy");
    }
    redirect(&mut object["spec"], repository.url(), &recorder.plugin);
    let mut made = DynamicObject::new(&name, &argoproj(&kind)).data(json!({ "spec": object["spec"] }));
    made.metadata.namespace = Some(lab.argocd.clone());
    objects(lab, &kind).create(&PostParams::default(), &made).await?;
    Ok(Some((kind, name)))
}

/// Names the repository wherever one is named, and where an Application's source names none; and the plugin.
fn redirect(value: &mut Value, url: &str, plugin: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match key.as_str() {
                    "source" => value["repoURL"] = json!(url),
                    "repoURL" => *value = json!(url),
                    "plugin" => value["name"] = json!(plugin),
                    _ => {}
                }
                redirect(value, url, plugin);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, url, plugin)),
        _ => {}
    }
}

/// Waits for what the repo-server got for each Application, and compares.
async fn compare(
    lab: &Lab,
    recorder: &Recorder,
    repository: &Repository,
    mine: &BTreeMap<String, String>,
) -> Result<()> {
    let sidecar = lab.sidecar.as_ref().context("no sidecar")?;
    let missing = || mine.keys().filter(|name| !recorder.folder.join(name).exists()).collect::<Vec<_>>();
    let all = wait::until("Argo CD's renders", SOON, async || Ok(missing().is_empty().then_some(()))).await;
    all.with_context(|| format!("not rendered: {:?}", missing()))?;

    let theirs = objects(lab, "Application").list(&ListParams::default()).await?;
    let theirs = theirs.items.iter().filter(|app| app.data["spec"]["source"]["repoURL"] == repository.url());
    let theirs: Vec<String> = theirs.filter_map(|app| app.metadata.name.clone()).collect();
    ensure!(mine.keys().eq(&theirs), "presync found {:?}, Argo CD made {theirs:?}", mine.keys());

    let version = lab.client.apiserver_version().await?.git_version;
    let mut different = Vec::new();
    for (name, file) in mine {
        let application = format!("{file}#{name}");
        let arguments = ["generate", "--kube-version", &version, "--application", &application];
        let local = run(repository, lab, sidecar, &arguments)?;
        if local != fs::read(recorder.folder.join(name))? {
            different.push(name);
        }
    }
    if !different.is_empty() {
        bail!("presync prints something else for {different:?}");
    }
    Ok(())
}
