//! An API server with an Argo CD behind it, as far as a repair can tell: it keeps objects, checks resource versions,
//! and lets a controller act after every request.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use http::{Method, Request, Response, StatusCode};
use kube::{Client, client::Body};
use serde_json::{Value, json};

/// What the server does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Somebody else writes just before.
    Conflict,
    /// RBAC says no.
    Forbidden,
    /// The connection breaks before the request is handled.
    Down,
    /// The request is handled, and the connection breaks before the answer.
    AnswerLost,
}

type Controller = Box<dyn FnMut(&mut Value) + Send>;

#[derive(Default)]
struct Server {
    objects: BTreeMap<String, Value>,
    version: u64,
    faults: VecDeque<Fault>,
    write_fault: Option<Fault>,
    controller: Option<Controller>,
    patches: Vec<Value>,
}

/// The server; a clone is the same one.
#[derive(Clone, Default)]
pub(super) struct Fake(Arc<Mutex<Server>>);

pub(super) const APP: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/order";

impl Fake {
    /// Returns a server with one Application.
    pub(super) fn with(app: &Value) -> Self {
        let fake = Self::default();
        let mut app = app.clone();
        app["metadata"]["name"] = "order".into();
        app["metadata"]["namespace"] = "argocd".into();
        fake.put(APP, app);
        fake
    }

    /// Stores an object.
    pub(super) fn put(&self, path: &str, mut object: Value) {
        let mut server = self.0.lock().unwrap();
        server.version += 1;
        object["metadata"]["resourceVersion"] = server.version.to_string().into();
        server.objects.insert(path.to_owned(), object);
    }

    /// Removes an object.
    pub(super) fn remove(&self, path: &str) {
        self.0.lock().unwrap().objects.remove(path);
    }

    pub(super) fn get(&self, path: &str) -> Value {
        self.0.lock().unwrap().objects.get(path).cloned().unwrap_or_default()
    }

    /// The next write meets these, one each.
    pub(super) fn faults(&self, faults: &[Fault]) {
        self.0.lock().unwrap().faults = faults.iter().copied().collect();
    }

    /// Every write meets this.
    pub(super) fn every_write(&self, fault: Fault) {
        self.0.lock().unwrap().write_fault = Some(fault);
    }

    /// What the controller does to the Application after each request.
    pub(super) fn controller(&self, act: impl FnMut(&mut Value) + Send + 'static) {
        self.0.lock().unwrap().controller = Some(Box::new(act));
    }

    /// Returns the patches that were applied.
    pub(super) fn patches(&self) -> Vec<Value> {
        self.0.lock().unwrap().patches.clone()
    }

    /// Returns a client of it.
    pub(super) fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let fake = fake.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await.map_err(|error| error.to_string())?;
                fake.answer(&parts.method, parts.uri.path(), &body)
            }
        });
        Client::new(service, "default")
    }

    fn answer(&self, method: &Method, path: &str, body: &[u8]) -> Result<Response<Body>, String> {
        let mut server = self.0.lock().unwrap();
        let fault = (*method == Method::PATCH)
            .then(|| server.write_fault.or_else(|| server.faults.pop_front()))
            .flatten();
        let answer = match fault {
            Some(Fault::Down) => return Err("connection refused".to_owned()),
            Some(Fault::Forbidden) => failure(StatusCode::FORBIDDEN, "Forbidden"),
            Some(Fault::Conflict) => {
                server.touch(path);
                server.handle(method, path, body)
            }
            Some(Fault::AnswerLost) | None => server.handle(method, path, body),
        };
        server.act();
        if fault == Some(Fault::AnswerLost) { Err("connection reset".to_owned()) } else { Ok(answer) }
    }
}

impl Server {
    fn touch(&mut self, path: &str) {
        self.version += 1;
        if let Some(object) = self.objects.get_mut(path) {
            object["metadata"]["resourceVersion"] = self.version.to_string().into();
        }
    }

    fn handle(&mut self, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
        let Some(object) = self.objects.get(path) else {
            if path.ends_with("/pods") {
                return respond(
                    StatusCode::OK,
                    &json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}),
                );
            }
            return failure(StatusCode::NOT_FOUND, "NotFound");
        };
        if *method == Method::PATCH {
            let change: Value = serde_json::from_slice(body).unwrap();
            let precondition = &change["metadata"]["resourceVersion"];
            if !precondition.is_null() && *precondition != object["metadata"]["resourceVersion"] {
                return failure(StatusCode::CONFLICT, "Conflict");
            }
            let mut object = object.clone();
            merge(&mut object, &change);
            self.objects.insert(path.to_owned(), object);
            self.touch(path);
            self.patches.push(change);
        }
        respond(StatusCode::OK, &self.objects[path])
    }

    /// The controller writes without preconditions, as Argo CD's does.
    fn act(&mut self) {
        let Some(mut app) = self.objects.get(APP).cloned() else { return };
        let Some(mut controller) = self.controller.take() else { return };
        let before = app.clone();
        controller(&mut app);
        let changed = app != before;
        self.objects.insert(APP.to_owned(), app);
        if changed {
            self.touch(APP);
        }
        self.controller = Some(controller);
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

fn failure(code: StatusCode, reason: &str) -> Response<Body> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
        "message": format!("{reason} by the fake"), "code": code.as_u16()});
    respond(code, &status)
}

fn respond(code: StatusCode, body: &Value) -> Response<Body> {
    Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap()
}
