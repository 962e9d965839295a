use std::{fs, os::unix::fs::symlink, path::PathBuf, time::Duration};

use super::*;
use crate::{
    argocd::App,
    render::{Deadline, Root, Tools},
    settings::{Environment, HandlebarsOptions, Settings},
};

mod problems;
mod property;
mod reference;
mod values;

/// An app `apps/catalog` in a repository, in the environment `dev`.
struct Case {
    temp: tempfile::TempDir,
    settings: Settings,
    app: App,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Self {
        let environment = Environment { name: "dev".to_owned(), reason: String::new() };
        let case = Self {
            temp: tempfile::tempdir().unwrap(),
            settings: Settings { environment, ..Settings::default() },
            app: App::default(),
        };
        fs::create_dir_all(case.dir()).unwrap();
        for (name, text) in files {
            case.write(name, text);
        }
        case
    }

    fn dir(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("apps/catalog")
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn options(mut self, options: HandlebarsOptions) -> Self {
        self.settings.handlebars = options;
        self
    }

    fn app(mut self, app: App) -> Self {
        self.app = app;
        self
    }

    fn render(&self) -> Result<Vec<(String, String)>> {
        let (dir, root) = (self.dir(), Root::find(&self.dir(), Some("apps/catalog")).unwrap());
        let sources = render(&Request {
            dir: &dir,
            root: &root,
            settings: &self.settings,
            app: &self.app,
            tools: &Tools::default(),
            deadline: Deadline::after(Duration::from_secs(10)),
        })?;
        assert!(sources.iter().all(|source| source.validate));
        Ok(sources
            .into_iter()
            .map(|source| (source.name, String::from_utf8(source.bytes).unwrap()))
            .collect())
    }

    /// Returns the files that become manifests.
    fn names(&self) -> Vec<String> {
        self.render().unwrap().into_iter().map(|(name, _)| name).collect()
    }

    fn problems(&self) -> String {
        self.render().unwrap_err().to_string()
    }
}

/// Returns what one template renders to, with these values.
fn rendered(template: &str, values: &str) -> String {
    let case = Case::new(&[("a.hbs", template), ("values.yaml", values)]);
    let sources = case.render().unwrap_or_else(|problems| panic!("{template}\n{problems}"));
    sources.into_iter().next().unwrap().1
}

/// Returns why one template does not render, with these values.
fn refused(template: &str, values: &str) -> String {
    Case::new(&[("a.hbs", template), ("values.yaml", values)]).problems()
}

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

#[test]
fn every_file_has_its_role() {
    let case = Case::new(&[
        ("values.yaml", CONFIG_MAP),
        ("values-dev.yml", CONFIG_MAP),
        ("values-production.yaml", CONFIG_MAP),
        ("presync.yaml", CONFIG_MAP),
        ("b.yaml", CONFIG_MAP),
        ("a/values.yaml", CONFIG_MAP),
        ("a/b.yaml.hbs", "{{> greeting}}{{> a/sub}}{{> deep/one}}"),
        ("a-b.hbs", ""),
        ("a/_sub.yml.hbs", "2"),
        ("_greeting.hbs", "1"),
        ("partials/deep/one.json.hbs", "3"),
        ("partials/plain.yaml", CONFIG_MAP),
        ("README.md", "{{"),
        (".hidden.hbs", "{{"),
        ("extra.yaml", CONFIG_MAP),
    ])
    .options(HandlebarsOptions {
        value_files: vec!["extra.yaml".to_owned()],
        ..HandlebarsOptions::default()
    });
    assert_eq!(
        case.names(),
        ["a/b.yaml.hbs", "a/values.yaml", "a-b.hbs", "b.yaml"],
        "in the order of a walk"
    );
    assert_eq!(case.render().unwrap()[0].1, "123");
}

#[test]
fn plain_files_pass_through_as_they_are() {
    let text = format!("# {{{{not a template}}}}\r\n{CONFIG_MAP}");
    let case = Case::new(&[("a.yaml", &text), ("b.hbs", "b: {{values.b}}\n"), ("values.yaml", "b: 1")]);
    assert_eq!(case.render().unwrap(), [("a.yaml".into(), text), ("b.hbs".into(), "b: 1\n".into())]);
}

#[test]
fn the_context_holds_what_argo_cd_tells() {
    let app = App {
        name: Some("argocd-teams_catalog-dev".into()),
        namespace: Some("shop".into()),
        project: Some("team".into()),
        revision: Some("0123abc".into()),
        repo_url: Some("https://git.example.com/shop.git".into()),
        path: Some("apps/catalog".into()),
        target_revision: Some("main".into()),
        kube_version: Some("1.34.2".into()),
        api_versions: vec!["batch/v1".into()],
        env: [("REGION".to_owned(), "eu".to_owned())].into(),
    };
    let template = "{{app.name}} {{app.namespace}} {{app.project}} {{app.revision}} {{app.repoUrl}} {{app.path}} \
                    {{app.targetRevision}} {{kube.version}} {{toJson kube.apiVersions}} {{environment}} \
                    {{parameters.[image.tag]}} {{env \"REGION\"}} {{env \"ARGOCD_ENV_REGION\"}}";
    let parameters = [("image.tag".to_owned(), "1.4".to_owned())].into();
    let case = Case::new(&[("a.hbs", template)])
        .app(app)
        .options(HandlebarsOptions { parameters, ..HandlebarsOptions::default() });
    assert_eq!(
        case.render().unwrap()[0].1,
        "catalog-dev shop team 0123abc https://git.example.com/shop.git apps/catalog main 1.34.2 [\"batch/v1\"] dev \
         1.4 eu eu"
    );
}

#[test]
fn nothing_is_escaped() {
    assert_eq!(rendered("{{values.a}} {{{values.a}}} {{&values.a}}", "a: <\"&'>"), "<\"&'> <\"&'> <\"&'>");
}

#[test]
fn conditions_may_look_at_what_is_missing_but_not_through_it() {
    let values = "a: {b: false, c: 1}\nlist: [{}, {x: 1}]";
    for (template, expected) in [
        ("{{#if values.a.z}}1{{else}}2{{/if}}", "2"),
        ("{{#unless values.z}}1{{/unless}}", "1"),
        ("{{#if values.a.b}}1{{else if values.a.c}}2{{else}}3{{/if}}", "2"),
        ("{{default \"d\" values.z}}{{default \"d\" values.a.b}}", "dfalse"),
        ("{{or values.z values.a.c}} {{and values.z values.a.c}} {{not values.z}}", "true false true"),
        ("{{#each values.list}}{{#if x}}1{{else}}2{{/if}}{{#if ../values.z}}3{{/if}}{{/each}}", "21"),
        ("{{#if values.a.[x.y]}}1{{else}}2{{/if}}", "2"),
        ("{{#if @root.values.z}}1{{else}}2{{/if}}", "2"),
        ("{{#with values.a}}{{#if z}}1{{else}}2{{/if}}{{/with}}", "2"),
        ("{{#eq values.a.c 1}}1{{else}}2{{/eq}}", "1"),
    ] {
        assert_eq!(rendered(template, values), expected, "{template}");
    }
    for template in [
        "{{#if values.z.enabled}}{{/if}}",
        "{{#if valeus}}{{/if}}",
        "{{#if @root.valeus}}{{/if}}",
        "{{default 1 values.z.enabled}}",
        "{{#if (eq values.z 1)}}{{/if}}",
        "{{#if (quote values.z)}}{{/if}}",
    ] {
        assert!(refused(template, values).contains("is not set\n  at: a.hbs:1:1"), "{template}");
    }
}

#[test]
fn comparisons_are_by_what_is_written() {
    let values = "n: 10\nt: '10'\nf: 10.0\nb: true\nl: [1]";
    for (condition, holds) in [
        ("eq values.n values.t", true),
        ("eq values.n values.f", true),
        ("eq values.b \"true\"", true),
        ("eq values.l values.l", true),
        ("eq values.l \"[1]\"", false),
        ("ne values.n 10", false),
        ("gt values.t 9", true),
        ("lt values.t 9", false),
        ("gte values.n 10", true),
        ("lte values.n 10", true),
    ] {
        assert_eq!(rendered(&format!("{{{{{condition}}}}}"), values), holds.to_string(), "{condition}");
    }
    assert!(refused("{{lt values.b 1}}", values).starts_with("error: `lt` compares two numbers\n"));
}

#[test]
fn what_has_no_text_is_not_written() {
    let values = "map: {a: 1}\nlist: [1]\nnothing:";
    assert!(
        refused("{{values.map}}", values).starts_with("error: `values.map` is a map: write it with `toYaml`")
    );
    assert!(refused("{{values.list}}", values).starts_with("error: `values.list` is a list: "));
    assert!(refused("{{values.nothing}}", values).starts_with("error: `values.nothing` is null: "));
    assert!(refused("{{lookup values \"map\"}}", values).starts_with("error: the result is a map: "));
    assert!(refused("{{quote values.list}}", values).starts_with("error: `quote`: a list has no text"));
    assert_eq!(
        rendered("{{toJson (lookup values \"map\")}}{{default \"\" values.nothing}}", values),
        "{\"a\":1}"
    );
}

#[test]
fn quoted_text_survives_yaml() {
    let values = "t: \"a\\\"\\\\b\\n\\u007f\\u0085\\u2028\\uFEFFä😀\"";
    let json = rendered("{{quote values.t}}", values);
    assert_eq!(json, "\"a\\\"\\\\b\\n\\u007f\\u0085\\u2028\\ufeffä😀\"");
    assert!(refused("{{squote values.t}}", values).contains("use `quote`"));
    assert_eq!(rendered("{{squote values.t}}", "t: it's \"1\""), "'it''s \"1\"'");
    assert_eq!(rendered("{{toJson values}}", "t: \"\\u2028\"\nn: null"), "{\"t\":\"\\u2028\",\"n\":null}");
}

#[test]
fn a_partial_alone_on_a_line_is_indented_and_an_included_one_is_not() {
    let case = Case::new(&[
        ("partials/labels.hbs", "a: 1\n{{#if extra}}\nb: {{nindent 2 (toJson extra)}}\n{{/if}}\n"),
        (
            "a.hbs",
            "x:\n  {{> labels extra=values.e}}\ny:{{nindent 4 (include \"labels\" extra=values.e)}}\nz: 1\n",
        ),
        ("values.yaml", "e: [1]"),
    ]);
    assert_eq!(
        case.render().unwrap()[0].1,
        "x:\n  a: 1\n  b: \n    [1]\ny:\n    a: 1\n    b: \n      [1]\nz: 1\n"
    );
}

#[test]
fn a_partial_sees_its_context() {
    let case = Case::new(&[
        ("_p.hbs", "{{name}}-{{@root.environment}}{{#if suffix}}-{{suffix}}{{/if}} "),
        (
            "a.hbs",
            "{{#each values.items}}{{> p}}{{> p suffix=@key}}{{include \"p\"}}{{include \"p\" @root.values.other}}\
             {{/each}}{{> p values.other}}{{include \"p\" values.other suffix=1}}",
        ),
        ("values.yaml", "items: {k: {name: a}}\nother: {name: o}"),
    ]);
    assert_eq!(case.render().unwrap()[0].1, "a-dev a-dev-k a-dev o-dev o-dev o-dev-1 ");
}

#[test]
fn blocks_and_inline_partials_reach_other_partials() {
    let case = Case::new(&[
        ("_layout.hbs", "<{{> @partial-block}}{{> title}}>"),
        (
            "a.hbs",
            "{{#*inline \"title\"}}t{{/inline}}{{#> layout}}b{{/layout}}{{#> nothing}}fallback{{/nothing}}",
        ),
    ]);
    assert_eq!(case.render().unwrap()[0].1, "<bt>fallback");
}

#[test]
fn an_environment_variable_of_the_plugin_itself_is_out_of_reach() {
    assert!(refused("{{env \"PATH\"}}", "").contains("`ARGOCD_ENV_PATH` is not set"));
    assert_eq!(rendered("{{env \"PATH\" \"none\"}}", ""), "none");
}
