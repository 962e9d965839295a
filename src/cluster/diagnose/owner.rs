//! Who writes an Application, and so where a change of it lasts.

use serde_json::{Map, Value, json};

use crate::cluster::{
    application::Application,
    key::{AppKey, ObjectKey},
    tracking::Tracking,
};
use kube::ResourceExt;

/// Who would revert a change that is made on the Application itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// An `ApplicationSet`, which generates it.
    ApplicationSet(String),
    /// Another Application, which deploys it (app of apps).
    Application(AppKey),
    /// A Helm release.
    Helm(String),
    /// Nobody: it is changed by hand.
    Nobody,
}

impl Owner {
    /// Of an Application.
    pub(super) fn of(app: &Application, tracking: &Tracking) -> Self {
        let AppKey { namespace, name } = app.key();
        let references = app.owner_references().iter();
        if let Some(set) = references.into_iter().find(|owner| owner.kind == "ApplicationSet") {
            return Self::ApplicationSet(set.name.clone());
        }
        let object = ObjectKey { group: "argoproj.io".into(), kind: "Application".into(), namespace, name };
        if let Some(parent) = tracking.owner(&object, app.annotations(), app.labels())
            && parent != app.key()
        {
            return Self::Application(parent);
        }
        match app.annotations().get("meta.helm.sh/release-name") {
            Some(release) => Self::Helm(release.clone()),
            None => Self::Nobody,
        }
    }
}

/// Returns how presync comes to render an Application; `None` when a plugin does already.
pub(super) fn opt_in(app: &Application, tracking: &Tracking) -> Option<String> {
    if app.has_plugin() {
        return None;
    }
    let AppKey { namespace, name } = app.key();
    let (place, source) = place(app);
    let blocks = ["helm", "kustomize", "directory"];
    let block = blocks.iter().find(|block| source.is_some_and(|source| source.contains_key(**block)));
    let adopt = block.map(|block| {
        format!("  # first turn its `{block}` block into the plugin's parameters: `presync adopt` does")
    });
    let adopt = adopt.unwrap_or_default();
    let plugin = json!({"plugin": {"name": "presync"}});
    Some(match Owner::of(app, tracking) {
        // A plugin beside these blocks is "multiple application sources defined" to Argo CD.
        Owner::Nobody if !adopt.is_empty() => {
            format!("kubectl edit application {name} -n {namespace}{adopt}")
        }
        Owner::Nobody => match &place {
            Place::Index(index) => {
                let patch = json!([{"op": "add", "path": format!("/spec/sources/{index}/plugin"), "value": {"name": "presync"}}]);
                format!("kubectl patch application {name} -n {namespace} --type json -p '{patch}'")
            }
            place => {
                let patch = json!({"spec": place.wrap(plugin)});
                format!("kubectl patch application {name} -n {namespace} --type merge -p '{patch}'")
            }
        },
        Owner::ApplicationSet(set) => {
            let yaml = json!({"spec": {"template": {"spec": place.wrap(plugin)}}});
            in_git(
                &format!("ApplicationSet {set}, which would revert a change of the Application{adopt}"),
                &yaml,
            )
        }
        Owner::Application(parent) => {
            let yaml = json!({"spec": place.wrap(plugin)});
            in_git(&format!("Application {name}, where the app {parent} has it from{adopt}"), &yaml)
        }
        Owner::Helm(release) => {
            let yaml = json!({"spec": place.wrap(plugin)});
            in_git(&format!("Application {name}, in the chart of Helm release {release}{adopt}"), &yaml)
        }
    })
}

fn in_git(what: &str, yaml: &Value) -> String {
    let yaml = serde_yaml::to_string(yaml).unwrap_or_default();
    format!("in git, in {what}:\n{}", yaml.trim_end())
}

/// Where the source that is rendered stands in `spec`.
enum Place {
    Source,
    Dry,
    Index(usize),
}

impl Place {
    fn wrap(&self, source: Value) -> Value {
        match self {
            Self::Source => json!({"source": source}),
            Self::Dry => json!({"sourceHydrator": {"drySource": source}}),
            // YAML has no way to name one entry of a list: those before it stand for themselves.
            Self::Index(index) => {
                let mut sources = vec![json!({}); *index];
                sources.push(source);
                json!({"sources": sources})
            }
        }
    }
}

/// Of several sources it is the first with a path: one with a chart, or that only lends its files, renders no Job of
/// the app's repository.
fn place(app: &Application) -> (Place, Option<&Map<String, Value>>) {
    if let Some(hydrator) = &app.spec.source_hydrator {
        return (Place::Dry, Some(&hydrator.dry_source));
    }
    if app.spec.sources.is_empty() {
        return (Place::Source, app.spec.source.as_ref());
    }
    let sources = app.spec.sources.iter().enumerate();
    let with_path = sources.into_iter().find(|(_, source)| source.contains_key("path"));
    let (index, source) = with_path.unwrap_or((0, &app.spec.sources[0]));
    (Place::Index(index), Some(source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::application::testing::app;

    fn fix(value: Value) -> String {
        opt_in(&app(value), &Tracking::new(None, None, "argocd")).expect("a fix")
    }

    #[test]
    fn what_a_human_wrote_is_patched() {
        assert_eq!(
            fix(json!({"spec": {"source": {"path": "p"}}})),
            r#"kubectl patch application order -n argocd --type merge -p '{"spec":{"source":{"plugin":{"name":"presync"}}}}'"#
        );
        assert_eq!(
            fix(json!({"spec": {"sources": [{"chart": "c"}, {"path": "p"}]}})),
            r#"kubectl patch application order -n argocd --type json -p '[{"op":"add","path":"/spec/sources/1/plugin","value":{"name":"presync"}}]'"#
        );
        assert!(
            fix(json!({"spec": {"sourceHydrator": {"drySource": {"path": "p"}}}}))
                .contains(r#"{"spec":{"sourceHydrator":{"drySource":{"plugin""#)
        );
        assert!(
            fix(json!({"spec": {"source": {"helm": {}}}}))
                .starts_with("kubectl edit application order -n argocd")
        );
    }

    #[test]
    fn what_an_owner_wrote_is_changed_there() {
        let set = json!({"metadata": {"ownerReferences": [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "fleet", "uid": "1"}]}});
        assert_eq!(
            fix(set),
            "in git, in ApplicationSet fleet, which would revert a change of the Application:\nspec:\n  template:\n    spec:\n      source:\n        plugin:\n          name: presync"
        );
        let parent = json!({"metadata": {"annotations": {
            "argocd.argoproj.io/tracking-id": "apps:argoproj.io/Application:argocd/order"}}});
        assert!(fix(parent).starts_with(
            "in git, in Application order, where the app argocd/apps has it from:\nspec:\n  source:"
        ));
        let copied = json!({"metadata": {"annotations": {
            "argocd.argoproj.io/tracking-id": "apps:argoproj.io/Application:argocd/other"}}});
        assert!(fix(copied).starts_with("kubectl patch"));
        let helm = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "platform"}}, "spec": {"source": {"kustomize": {}}}});
        let helm = fix(helm);
        assert!(
            helm.contains("in the chart of Helm release platform") && helm.contains("`presync adopt`"),
            "{helm}"
        );
    }

    #[test]
    fn a_hydrated_app_with_the_plugin_has_opted_in() {
        let dry = json!({"spec": {"sourceHydrator": {"drySource": {"plugin": {"name": "presync"}}}}});
        assert_eq!(opt_in(&app(dry), &Tracking::new(None, None, "argocd")), None);
    }
}
