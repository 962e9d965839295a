//! The writes of a repair, each a JSON merge patch, and how to do the same with `kubectl`.

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::cluster::{
    REFRESH_ANNOTATION,
    application::Application,
    hook, job,
    key::{AppKey, ObjectKey},
    operation::OperationState,
};

/// Name under which a sync carries the mark of the run that asked for it.
pub const MARK: &str = "presync-repair";

/// Stands for what is not shown: an operation may carry parameters and manifests.
const HIDDEN: &str = "<status.operationState.operation>";

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What it is for.
    pub purpose: Purpose,
    /// The object.
    pub target: Target,
    /// The merge patch; with `metadata.resourceVersion` when it depends on what was read.
    pub body: Value,
}

/// What a write is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// End the operation, as `TerminateOperation` of Argo CD's API does.
    Terminate,
    /// Put `.operation` back and end it: the controller works only on what stands there.
    RestoreAndTerminate,
    /// Compare anew without the manifest cache.
    Refresh,
    /// Sync, as `SetAppOperation` of Argo CD does.
    Sync,
    /// Take Argo CD's finalizer from a hook Job.
    RemoveFinalizer,
}

/// The object of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An Application.
    Application(AppKey),
    /// A Job.
    Job(ObjectKey),
}

impl Request {
    /// Ends the operation.
    pub fn terminate(app: &Application) -> Self {
        let body = json!({
            "metadata": {"resourceVersion": app.resource_version()},
            "status": {"operationState": {"phase": "Terminating"}},
        });
        Self { purpose: Purpose::Terminate, target: Target::Application(app.key()), body }
    }

    /// Ends an operation whose `.operation` somebody removed. It must be one patch: between two, the controller would
    /// resume the operation.
    pub fn restore(app: &Application, state: &OperationState) -> Self {
        let body = json!({
            "metadata": {"resourceVersion": app.resource_version()},
            "operation": state.operation,
            "status": {"operationState": {"phase": "Terminating"}},
        });
        Self { purpose: Purpose::RestoreAndTerminate, target: Target::Application(app.key()), body }
    }

    /// Asks for a hard refresh. It depends on nothing that was read.
    pub fn refresh(app: &AppKey) -> Self {
        let body = json!({"metadata": {"annotations": {REFRESH_ANNOTATION: "hard"}}});
        Self { purpose: Purpose::Refresh, target: Target::Application(app.clone()), body }
    }

    /// Asks for a full sync to the revision that the Application names; hooks run. `mark` tells this run's sync from
    /// any other, so that it is asked for only once.
    pub fn sync(app: &Application, prune: bool, mark: &str) -> Self {
        let mut sync = json!({"syncStrategy": {"hook": {}}});
        if prune {
            sync["prune"] = true.into();
        }
        if !app.spec.sync_policy.sync_options.is_empty() {
            sync["syncOptions"] = app.spec.sync_policy.sync_options.clone().into();
        }
        let body = json!({
            "metadata": {"resourceVersion": app.resource_version()},
            "operation": {
                "initiatedBy": {"username": "presync repair"},
                "info": [{"name": MARK, "value": mark}],
                "sync": sync,
            },
            // Left in place, Argo CD would resume it instead of starting anew.
            "status": {"operationState": null},
        });
        Self { purpose: Purpose::Sync, target: Target::Application(app.key()), body }
    }

    /// Takes Argo CD's finalizer, and no other, from a Job.
    pub fn remove_finalizer(live: &Job) -> Self {
        let body = json!({
            "metadata": {"resourceVersion": live.resource_version(), "finalizers": hook::other_finalizers(live)},
        });
        Self { purpose: Purpose::RemoveFinalizer, target: Target::Job(job::key(live)), body }
    }

    /// Returns the request line and the body, without what an operation carries.
    pub fn http(&self) -> String {
        let path = match &self.target {
            Target::Application(AppKey { namespace, name }) => {
                format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}")
            }
            Target::Job(ObjectKey { namespace, name, .. }) => {
                format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}")
            }
        };
        let mut body = self.body.clone();
        if self.purpose == Purpose::RestoreAndTerminate {
            body["operation"] = HIDDEN.into();
        }
        format!("PATCH {path} {body}")
    }

    /// Returns the same with `kubectl`.
    pub fn kubectl(&self) -> String {
        let (resource, namespace, name) = match &self.target {
            Target::Application(AppKey { namespace, name }) => ("applications.argoproj.io", namespace, name),
            Target::Job(ObjectKey { namespace, name, .. }) => ("jobs.batch", namespace, name),
        };
        let object = format!("{resource} {name} -n {namespace}");
        match self.purpose {
            Purpose::Refresh => format!("kubectl annotate {object} {REFRESH_ANNOTATION}=hard --overwrite"),
            Purpose::RestoreAndTerminate => format!(
                "kubectl get {object} -o json | jq '{{metadata: {{resourceVersion: .metadata.resourceVersion}}, \
                 operation: .status.operationState.operation, status: {{operationState: {{phase: \"Terminating\"}}}}}}' | \
                 kubectl patch {object} --type merge --patch-file /dev/stdin"
            ),
            Purpose::Terminate | Purpose::Sync | Purpose::RemoveFinalizer => {
                format!("kubectl patch {object} --type merge -p {}", quoted(&self.body.to_string()))
            }
        }
    }
}

/// Returns a word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{HOOK_FINALIZER, application::testing};

    fn app(value: Value) -> Application {
        let mut app = testing::app(value);
        app.metadata.resource_version = Some("7".into());
        app
    }

    #[test]
    fn terminate_is_one_field_and_a_precondition() {
        let request = Request::terminate(&app(json!({})));
        assert_eq!(
            request.http(),
            r#"PATCH /apis/argoproj.io/v1alpha1/namespaces/argocd/applications/order {"metadata":{"resourceVersion":"7"},"status":{"operationState":{"phase":"Terminating"}}}"#
        );
        assert_eq!(
            request.kubectl(),
            r#"kubectl patch applications.argoproj.io order -n argocd --type merge -p '{"metadata":{"resourceVersion":"7"},"status":{"operationState":{"phase":"Terminating"}}}'"#
        );
    }

    #[test]
    fn a_restored_operation_is_sent_whole_and_shown_not_at_all() {
        let operation =
            json!({"sync": {"source": {"helm": {"parameters": [{"name": "password", "value": "s3cret"}]}}}});
        let app = app(json!({"status": {"operationState": {"phase": "Running", "operation": operation}}}));
        let request = Request::restore(&app, app.status.operation_state.as_ref().expect("a state"));
        assert_eq!(request.body["operation"], operation);
        assert_eq!(request.body["status"], json!({"operationState": {"phase": "Terminating"}}));
        assert!(!request.http().contains("s3cret"));
        assert!(!request.kubectl().contains("s3cret"));
    }

    #[test]
    fn a_sync_starts_anew_with_the_apps_own_options() {
        let app = app(json!({"spec": {"syncPolicy": {"syncOptions": ["ServerSideApply=true"]}}}));
        let body = Request::sync(&app, true, "mark").body;
        assert_eq!(body["status"], json!({"operationState": null}));
        assert_eq!(
            body["operation"]["sync"],
            json!({"syncStrategy": {"hook": {}}, "prune": true, "syncOptions": ["ServerSideApply=true"]})
        );
        assert!(Request::sync(&app, false, "mark").body["operation"]["sync"].get("prune").is_none());
    }

    #[test]
    fn only_argo_cds_finalizer_goes() {
        let live: Job = serde_json::from_value(
            json!({"metadata": {"name": "m", "namespace": "shop", "resourceVersion": "9",
            "finalizers": ["foregroundDeletion", HOOK_FINALIZER]}}),
        )
        .expect("a Job");
        let request = Request::remove_finalizer(&live);
        assert_eq!(
            request.body,
            json!({"metadata": {"resourceVersion": "9", "finalizers": ["foregroundDeletion"]}})
        );
        assert!(request.http().starts_with("PATCH /apis/batch/v1/namespaces/shop/jobs/m "));
    }

    #[test]
    fn a_shell_reads_the_body_unchanged() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
