//! Packed charts (`charts/*.tgz`) and fetched ones that try to read or write something outside their repository.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};

use crate::{
    fixture,
    hostile::{App, CHART, with_tools},
};

/// The files of a packed chart: name, kind of entry as in tar, and content or target of a link.
type Entries<'a> = Vec<(&'a str, u8, &'a str)>;

const FILE: u8 = b'0';
const HARD_LINK: u8 = b'1';
const LINK: u8 = b'2';

const PACKED: &[(&str, u8, &str)] = &[
    ("s/Chart.yaml", FILE, "apiVersion: v2\nname: s\nversion: 0.1.0\n"),
    ("s/values.yaml", FILE, "a: 1\n"),
    (
        "s/templates/x.yaml",
        FILE,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  f: {{ .Files.Get \"f/s\" | toJson }}\n",
    ),
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A packed chart with these entries behind its own; `OUT` is the directory outside the repository.
fn pack(more: &[(&str, u8, &[u8])], out: &Path) -> Vec<u8> {
    let own = PACKED.iter().map(|(name, kind, content)| (*name, *kind, content.as_bytes()));
    let mut tar = Vec::new();
    for (name, kind, content) in own.chain(more.iter().copied()) {
        entry(&name.replace("OUT", out.to_str().unwrap()), kind, content, &mut tar);
    }
    tar.extend([0; 1024]);
    gzip(&tar)
}

/// Writes an entry in the format `ustar`.
fn entry(name: &str, kind: u8, content: &[u8], tar: &mut Vec<u8>) {
    let (link, content) = if kind == FILE { (&b""[..], content) } else { (content, &b""[..]) };
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend(header);
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// Puts a packed chart into the app's `charts/`.
fn put(app: &App, chart: &[u8]) {
    fs::create_dir_all(app.dir().join("charts")).unwrap();
    fs::write(app.dir().join("charts/s-0.1.0.tgz"), chart).unwrap();
}

/// Serves a packed chart as a repository does, and gives the URL.
fn serve(server: &Path, chart: &[u8]) -> String {
    fs::write(server.join("s-0.1.0.tgz"), chart).unwrap();
    let url = fixture::serve(server.to_owned());
    let index = format!(
        "apiVersion: v1\nentries: {{s: [{{name: s, version: 0.1.0, apiVersion: v2, urls: ['{url}/s-0.1.0.tgz']}}]}}\n"
    );
    fs::write(server.join("index.yaml"), index).unwrap();
    url
}

/// Each chart, packed and fetched, with both versions of Helm.
fn each(charts: &[Entries<'_>], judge: impl Fn(&str, i32, &str)) {
    with_tools(|helm, kustomize| {
        for more in charts {
            let app = App::new(helm, kustomize, CHART);
            let out = app.out();
            let more: Vec<_> = more
                .iter()
                .map(|(name, kind, content)| {
                    (*name, *kind, content.replace("OUT", out.to_str().unwrap()).into_bytes())
                })
                .collect();
            let more: Vec<_> = more.iter().map(|(name, kind, content)| (*name, *kind, &**content)).collect();
            let chart = pack(&more, &out);
            put(&app, &chart);
            let (code, stderr) = app.harmless("null");
            judge("apps/a/charts/s-0.1.0.tgz", code, &stderr);

            let server = tempfile::tempdir().unwrap();
            let url = serve(server.path(), &chart);
            let fetching = App::new(helm, kustomize, CHART);
            fetching.write(
                "Chart.yaml",
                &format!("apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies: [{{name: s, version: 0.1.0, repository: '{url}'}}]\n"),
            );
            let (code, stderr) = fetching.harmless("null");
            judge("apps/a/charts/s-0.1.0.tgz", code, &stderr);
        }
    });
}

#[test]
fn a_schema_in_a_packed_or_fetched_chart_reads_no_file() {
    let schemas = [
        r#"{"$ref": "file://OUT/secret.json#/auths"}"#,
        r#"{"properties": {"a": {"\u0024ref": "file:\/\/OUT/secret.json"}}}"#,
        r#"{"$id": "file://OUT/x.json", "$ref": "secret.json"}"#,
    ];
    let charts: Vec<Entries<'_>> =
        schemas.iter().map(|schema| vec![("s/values.schema.json", FILE, *schema)]).collect();
    each(&charts, |place, code, stderr| {
        assert_eq!(code, 4, "{stderr}");
        assert!(stderr.contains("refers to a file outside the chart"), "{stderr}");
        assert!(stderr.contains(&format!("at: {place}\n")), "{stderr}");
    });
}

#[test]
fn a_chart_packed_in_a_packed_chart_reads_no_file() {
    with_tools(|helm, kustomize| {
        let app = App::new(helm, kustomize, CHART);
        let schema = br#"{"$ref": "file:///etc/x.json"}"#;
        let inner = pack(&[("s/values.schema.json", FILE, schema)], &app.out());
        put(&app, &pack(&[("s/charts/s-0.1.0.tgz", FILE, &inner)], &app.out()));
        let (code, stderr) = app.harmless("null");
        assert!(code == 4 && stderr.contains("refers to a file outside the chart"), "{stderr}");
    });
}

#[test]
fn links_and_paths_in_a_packed_or_fetched_chart_lead_nowhere() {
    let charts = [
        vec![("s/f/s", LINK, "OUT/secret.txt")],
        vec![("s/f/s", HARD_LINK, "OUT/secret.txt")],
        vec![("s/templates/y.yaml", LINK, "OUT/secret.txt")],
        vec![("s/.git", LINK, "OUT/secret.txt")],
        vec![("s/../../../../../../out/written", FILE, "x")],
        vec![("OUT/written", FILE, "x")],
        vec![("s/templates", LINK, "OUT"), ("s/templates/written", FILE, "x")],
        vec![(
            "s/Chart.yaml",
            FILE,
            "apiVersion: v2\nname: s\nversion: 0.1.0\ndependencies: [{name: t, version: 0.1.0, repository: 'file://OUT'}]\n",
        )],
        vec![("s/Chart.yaml", FILE, "apiVersion: v2\nname: ../../../out/written\nversion: 0.1.0\n")],
    ];
    // `harmless` says what must not happen; whether Helm refuses such a chart is its own affair.
    each(&charts, |_, _, _| {});
}

#[test]
fn a_chart_that_a_kustomization_fetches_reads_no_file() {
    with_tools(|helm, kustomize| {
        for (schema, message) in [
            (r#"{"$ref": "file://OUT/secret.txt"}"#, "refers to a file outside the chart"),
            (r#"{"$ref": "https://127.0.0.1:1/x.json"}"#, "schema refers to `https://127.0.0.1:1/x.json`"),
        ] {
            let app = App::new(helm, kustomize, &[]);
            let server = tempfile::tempdir().unwrap();
            let schema = schema.replace("OUT", app.out().to_str().unwrap());
            let chart = pack(&[("s/values.schema.json", FILE, schema.as_bytes())], &app.out());
            let url = serve(server.path(), &chart);
            app.write(
                "kustomization.yaml",
                &format!("helmCharts: [{{name: s, repo: '{url}', version: 0.1.0, releaseName: c}}]\n"),
            );
            let platform = server.path().join("platform.yaml");
            fs::write(&platform, "allow: {kustomizeHelm: true}\n").unwrap();
            let parameters = r#"[{"name": "kustomize.buildOptions", "array": ["--enable-helm"]}]"#;
            let output = app.command(parameters).env("PRESYNC_CONFIG", &platform).output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(4) && output.stdout.is_empty(), "{stderr}");
            assert!(stderr.contains(message) && stderr.contains("values.schema.json"), "{stderr}");
            assert!(!stderr.contains("metaschema"), "{stderr}");
        }
    });
}

#[test]
fn a_chart_whose_schema_is_elsewhere_is_rendered_without_it() {
    with_tools(|helm, kustomize| {
        let app = App::new(helm, kustomize, CHART);
        app.write("values.schema.json", r#"{"$ref": "https://127.0.0.1:1/x.json"}"#);
        let (code, stderr) = app.harmless("null");
        assert_eq!(code, 0, "{stderr}");
        assert_eq!(
            stderr,
            "warning: the values are not validated, because a schema of the chart refers to `https://127.0.0.1:1/x.json`\n  \
             at: apps/a/values.schema.json\n\
             hint: copy the definitions into the schema, or let the platform set `allow.remoteValues`\n"
        );
    });
}

/// The worker is busy when its time is over, so the whole process ends at once; what it left goes all the same.
#[test]
fn packed_charts_that_inflate_for_ever_end_with_the_timeout() {
    with_tools(|helm, kustomize| {
        let app = App::new(helm, kustomize, CHART);
        put(&app, &gzip(&vec![0; 20 << 20]));
        let chart = app.dir().join("charts/s-0.1.0.tgz");
        for i in 0..400 {
            fs::hard_link(&chart, app.dir().join(format!("charts/{i}.tgz"))).unwrap();
        }
        let output =
            app.command(r#"[{"name": "timeout", "string": "1s"}]"#).stdout(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(8), 0), "{stderr}");
        assert!(stderr.contains("did not end within the timeout of 1s"), "{stderr}");
        let end = Instant::now() + Duration::from_secs(20);
        while fs::read_dir(app.out().join("../tmp")).unwrap().count() > 0 {
            assert!(Instant::now() < end, "temporary files are left");
            thread::sleep(Duration::from_millis(20));
        }
    });
}
