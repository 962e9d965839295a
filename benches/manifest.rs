//! How fast the manifest engine is: `cargo bench --no-default-features --bench manifest`.
//!
//! The streams look like what Helm renders; a quarter of the documents are ConfigMaps with JSON in them, and a quarter
//! are `CronJobs` that mention Jobs.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::fmt::Write as _;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use presync::manifest::{Changes, Edit, Manifests, Source};

const MEGABYTE: usize = 1 << 20;

fn main() {
    divan::main();
}

const DEPLOYMENT: &str = "
spec:
  replicas: 2
  selector:
    matchLabels:
      app: catalog
  template:
    metadata:
      labels:
        app: catalog
    spec:
      serviceAccountName: catalog
      containers:
      - name: catalog
        image: \"registry.example.com/catalog:1.2.3\"
        args: [\"--port\", \"8080\"]
        env:
        - name: DATABASE_URL
          valueFrom:
            secretKeyRef:
              name: catalog-db
              key: url
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
";

const SERVICE: &str = "
spec:
  ports:
  - port: 80
    targetPort: 8080
    name: http
  selector:
    app: catalog
";

const CONFIG: &str = r#"
data:
  dashboard.json: |
    {"title": "Catalog", "panels": [{"type": "graph", "expr": "sum(rate(http_requests_total{job=\"catalog\"}[5m]))"}]}
    {"title": "Orders", "panels": [{"type": "graph", "expr": "sum(rate(http_requests_total{job=\"orders\"}[5m]))"}]}
"#;

const CRON: &str = "
spec:
  schedule: \"0 3 * * *\"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          # The Job does the rest.
          - name: report
            image: registry.example.com/report:1.2.3
";

const JOB: &str = "
spec:
  ttlSecondsAfterFinished: 300
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: migrate # before the rollout
        image: registry.example.com/catalog:1.2.3
        command: [\"/app\", \"migrate\"]
        envFrom:
        - secretRef:
            name: catalog-db
";

/// A stream of this size, in which one document of `every` is a Job; none with 0.
fn stream(size: usize, every: usize) -> Vec<u8> {
    let mut text = String::new();
    for i in 0.. {
        let (kind, version, rest) = match i % 4 {
            _ if every > 0 && i % every == 0 => ("Job", "batch/v1", JOB),
            0 => ("Deployment", "apps/v1", DEPLOYMENT),
            1 => ("Service", "v1", SERVICE),
            2 => ("ConfigMap", "v1", CONFIG),
            _ => ("CronJob", "batch/v1", CRON),
        };
        let head =
            format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: catalog-{i}\n  namespace: shop");
        write!(text, "---\n# Source: catalog/templates/x.yaml\n{head}{rest}").unwrap();
        if text.len() >= size {
            break;
        }
    }
    text.into_bytes()
}

fn read(bytes: Vec<u8>) -> Manifests {
    Manifests::read(vec![Source { name: "<stdin>".into(), bytes, validate: false }]).unwrap()
}

/// Splitting a stream without Jobs, seeing that there are none, and handing it on.
#[divan::bench]
fn pass_through(bencher: Bencher<'_, '_>) {
    let bytes = stream(32 * MEGABYTE, 0);
    bencher.counter(BytesCount::new(bytes.len())).with_inputs(|| bytes.clone()).bench_values(|bytes| {
        let manifests = read(bytes);
        assert!(manifests.candidates("Job").unwrap().is_empty());
        manifests.apply(&Changes::default()).unwrap().write_to(&mut std::io::sink()).unwrap();
    });
}

/// The name and kind of every object.
#[divan::bench]
fn index(bencher: Bencher<'_, '_>) {
    let bytes = stream(32 * MEGABYTE, 0);
    let manifests = read(bytes.clone());
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| black_box(manifests.index().unwrap()));
}

/// Finding and parsing 1000 Jobs, rewriting each as a hook, and verifying that.
#[divan::bench]
fn rewrite_jobs(bencher: Bencher<'_, '_>) {
    let mut bytes = stream(MEGABYTE, 1);
    let end = memchr::memmem::find_iter(&bytes, b"---\n").nth(1000).unwrap();
    bytes.truncate(end);
    bencher.counter(ItemsCount::new(1000_u32)).with_inputs(|| bytes.clone()).bench_values(|bytes| {
        let manifests = read(bytes);
        let edits = vec![
            Edit::set(["metadata", "annotations", "argocd.argoproj.io/hook"], "PreSync"),
            Edit::set(
                ["metadata", "annotations", "argocd.argoproj.io/hook-delete-policy"],
                "BeforeHookCreation",
            ),
            Edit::set(["spec", "ttlSecondsAfterFinished"], 600),
        ];
        let jobs = manifests.candidates("Job").unwrap();
        let changes =
            Changes { edits: jobs.into_iter().map(|id| (id, edits.clone())).collect(), ..Changes::default() };
        manifests.apply(&changes).unwrap().write_to(&mut std::io::sink()).unwrap();
    });
}
