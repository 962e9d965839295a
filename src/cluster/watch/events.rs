//! Notices as Kubernetes Events on the Application, where Argo CD's UI and `kubectl describe` show them.

use std::sync::{Arc, atomic::Ordering};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client, Resource,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use tokio::sync::mpsc::Receiver;
use tracing::warn;

use crate::cluster::{
    application::Application,
    key::ObjectKey,
    watch::{
        metrics::Watched,
        state::{Notice, Reason},
    },
};

/// Writes notices until the sender is gone. One that cannot be written is counted and left: the metrics hold the
/// same, and a queue of old news helps nobody.
pub async fn publish(client: Client, mut notices: Receiver<Notice>, watched: Arc<Watched>) {
    let recorder = Recorder::new(client, Reporter { controller: "presync-watch".into(), instance: None });
    while let Some(notice) = notices.recv().await {
        if let Err(error) = recorder.publish(&event(&notice), &regarding(&notice)).await {
            watched.lost_events.fetch_add(1, Ordering::Relaxed);
            warn!(application = %notice.app, %error, "cannot write an Event");
        }
    }
}

fn event(notice: &Notice) -> Event {
    let (type_, reason, action) = match notice.reason {
        Reason::TrackedJobDeletedByTtl => (EventType::Warning, "TrackedJobDeletedByTTL", "Delete"),
        Reason::MigrationSucceeded => (EventType::Normal, "MigrationSucceeded", "Run"),
        Reason::MigrationFailed => (EventType::Warning, "MigrationFailed", "Run"),
        Reason::HookStuck => (EventType::Warning, "HookStuck", "Sync"),
    };
    let ObjectKey { group, kind, namespace, name } = &notice.object;
    let object = ObjectReference {
        api_version: Some(if group == "batch" { "batch/v1".to_owned() } else { group.clone() }),
        kind: Some(kind.clone()),
        namespace: Some(namespace.clone()),
        name: Some(name.clone()),
        ..ObjectReference::default()
    };
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(notice.text.clone()),
        action: action.to_owned(),
        secondary: Some(object),
    }
}

fn regarding(notice: &Notice) -> ObjectReference {
    ObjectReference {
        api_version: Some(Application::api_version(&()).into_owned()),
        kind: Some(Application::kind(&()).into_owned()),
        namespace: Some(notice.app.namespace.clone()),
        name: Some(notice.app.name.clone()),
        uid: Some(notice.uid.clone()),
        ..ObjectReference::default()
    }
}
