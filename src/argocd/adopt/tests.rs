use super::*;

fn adopted(text: &str) -> Adopted {
    adopt(text, "app.yaml", |_, _| Ok(())).unwrap()
}

const APPLICATION: &str = "# the shop
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop # its name
spec:
  source:
    repoURL: https://git.example.com/r.git
    path: apps/shop
    helm: # our chart
      # first the shared values
      valueFiles:
        - ../values.yaml
        - values-dev.yaml # then ours
      releaseName: \"shop\"
      values: |
        # no comment
        a: '#1'

        b: 2
      # skip them
      skipCrds: true

    # the branch
    targetRevision: main
  destination:
    namespace: shop
";

#[test]
fn only_the_block_changes_and_its_comments_stay() {
    let adopted = adopted(APPLICATION);
    let expected = "# the shop
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop # its name
spec:
  source:
    repoURL: https://git.example.com/r.git
    path: apps/shop
    plugin: # our chart
      name: presync
      parameters:
        - name: helm.releaseName
          string: shop
        # first the shared values
        # then ours
        - name: helm.valueFiles
          array:
          - ../values.yaml
          - values-dev.yaml
        - name: helm.values
          string: |
            # no comment
            a: '#1'

            b: 2
        # skip them
        - name: helm.skipCrds
          string: \"true\"

    # the branch
    targetRevision: main
  destination:
    namespace: shop
";
    assert_eq!(adopted.text, expected);
    assert_eq!(
        (adopted.changed, adopted.notes, adopted.comments_lost),
        (vec!["shop".to_owned()], vec![], false)
    );
}

#[test]
fn line_breaks_stay_those_of_the_file() {
    let windows = APPLICATION.replace('\n', "\r\n");
    assert_eq!(adopted(&windows).text, adopted(APPLICATION).text.replace('\n', "\r\n"));
}

#[test]
fn adopting_twice_changes_nothing_more() {
    let once = adopted(APPLICATION).text;
    let twice = adopted(&once);
    assert_eq!((twice.text, twice.changed), (once, Vec::new()));
}

#[test]
fn every_style_and_every_place_is_adopted() {
    for (before, parameters) in [
        (
            "  source: {path: a, kustomize: {namePrefix: x-}} # c",
            json!([{"name": "kustomize.namePrefix", "string": "x-"}]),
        ),
        ("  source:\n    path: a", Value::Null),
        (
            "  source:\n    path: a\n    directory:\n      recurse: true",
            json!([{"name": "directory.recurse", "string": "true"}]),
        ),
        ("  source:\n    path: a\n    directory: {}", Value::Null),
        (
            "  source:\n    path: a\n    helm:\n      parameters:\n      - name: t\n        value: \"1\"",
            json!([{"name": "helm.parameters", "map": {"t": "1"}}]),
        ),
        (
            "  sources:\n  - helm:\n      releaseName: x\n    path: a",
            json!([{"name": "helm.releaseName", "string": "x"}]),
        ),
    ] {
        for (head, at) in [
            ("kind: Application\nmetadata: {name: s}\nspec:\n", "/spec"),
            (
                "kind: ApplicationSet\nmetadata: {name: s}\nspec:\n  template:\n    spec:\n",
                "/spec/template/spec",
            ),
        ] {
            let indented = if at == "/spec" {
                before.to_owned()
            } else {
                before.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
            };
            let text = format!("apiVersion: argoproj.io/v1alpha1\n{head}{indented}\n");
            let after = adopted(&text);
            let value: Value = serde_yaml::from_str(&after.text).unwrap();
            let spec = value.pointer(at).unwrap();
            let source = spec.get("source").unwrap_or_else(|| &spec["sources"][0]);
            assert_eq!(source["plugin"]["name"], "presync", "{}", after.text);
            assert_eq!(
                source["plugin"].get("parameters").unwrap_or(&Value::Null),
                &parameters,
                "{}",
                after.text
            );
            assert!(BLOCKS.iter().all(|block| source.get(*block).is_none()), "{}", after.text);
        }
    }
}

#[test]
fn what_cannot_be_the_same_stays_and_is_said() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: s}\nspec:\n  sources:\n  - repoURL: https://a\n    \
                path: x\n    helm:\n      valueFiles: [$v/a.yaml]\n  - {repoURL: https://b, ref: v}\n  - {repoURL: https://c, chart: redis}\n";
    let after = adopted(text);
    assert_eq!((after.text.as_str(), after.changed.len()), (text, 0));
    let fields: Vec<_> = after.notes.iter().map(|note| note.lost.field.as_str()).collect();
    assert_eq!(fields, ["helm.valueFiles", "chart"]);
    let updater = Lost { field: ".argocd-source.yaml".into(), why: "x".into(), matters: true };
    let after = adopt(APPLICATION, "a", |_, _| Err(updater.clone())).unwrap();
    assert_eq!((after.text.as_str(), &after.notes[0].lost), (APPLICATION, &updater));
}
