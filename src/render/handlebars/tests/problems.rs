//! What is wrong, where, and what to do: for every file of the app.

use std::thread;

use super::*;
use crate::limits;

#[test]
fn the_problems_of_all_files_are_reported() {
    let case = Case::new(&[
        ("values.yaml", "a: [\n"),
        ("values-dev.yaml", "- a\n"),
        ("a.hbs", "{{#if x}}\n"),
        ("b.hbs", "{{tpl x}}\n{{> none}}{{#quote x}}{{/quote}}{{if x}}{{- x}}"),
        ("c.jsonnet", ""),
        ("partials/p.hbs", "{{ .Values.x }}"),
        ("partials/q.hbs", ""),
        ("_q.hbs", ""),
    ]);
    case.write("d.yaml", b"\xff");
    symlink("/dev/null", case.dir().join("e.yaml")).unwrap();
    let problems = case.render().unwrap_err();
    let seen: Vec<_> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.location.clone().unwrap_or_default(), problem.message))
        .collect();
    assert_eq!(
        seen,
        [
            "e.yaml: `apps/catalog/e.yaml` leads out of the repository",
            "values.yaml:2:1: the values file is not valid",
            "values-dev.yaml: the values file is not valid",
            "a.hbs:2:1: the template cannot be parsed",
            "partials/p.hbs:1:4: the template cannot be parsed",
            "partials/q.hbs: there is another partial `q`",
            "b.hbs:1:1: there is no helper `tpl`",
            "b.hbs:2:1: there is no partial `none`",
            "b.hbs:2:11: `quote` is no block",
            "b.hbs:2:33: `if` is a block",
            "b.hbs:2:41: there is no helper `-`",
            "c.jsonnet: Jsonnet is not rendered by this plugin",
            "d.yaml:1: the file is not UTF-8 text",
        ]
    );
}

#[test]
fn what_is_sound_is_rendered_beside_what_is_not() {
    let case = Case::new(&[
        ("a.hbs", "{{#if x}}"),
        ("b.hbs", "{{values.b}}{{tpl}}"),
        ("c.hbs", "{{tpl 1}}{{values.c}}"),
    ]);
    let messages = |case: &Case| -> Vec<_> {
        case.render().unwrap_err().iter().map(|problem| problem.message.clone()).collect()
    };
    let syntax = "the template cannot be parsed";
    assert_eq!(messages(&case), [syntax, "there is no helper `tpl`", "`values.b` is not set"]);
    case.write("_p.hbs", "{{#if x}}");
    assert_eq!(
        messages(&case),
        [syntax, syntax, "there is no helper `tpl`"],
        "any template may use the partial"
    );
    case.write("b.hbs", "{{> p}}");
    assert_eq!(messages(&case), [syntax, syntax, "there is no helper `tpl`"], "the partial is there");
}

#[test]
fn every_template_that_fails_is_reported() {
    let case = Case::new(&[
        ("_p.hbs", "{{name}}\n  {{values.b}}"),
        ("a.hbs", "ok\n\n  {{values.a}}\n"),
        ("b.hbs", "{{> p}}"),
        ("c.hbs", "{{> p name=1}}"),
        ("d.hbs", "fine"),
        ("values.yaml", "c: secret-value"),
    ]);
    assert_eq!(
        case.problems(),
        "error: `values.a` is not set\n  at: a.hbs:3:3\nhint: `values` has `c`\n\
         error: `name` is not set\n  at: _p.hbs:1:1\n\
         error: `values.b` is not set\n  at: _p.hbs:2:3\nhint: `values` has `c`"
    );
}

#[test]
fn partials_that_would_never_end_are_refused() {
    let case = Case::new(&[
        ("_a.hbs", "{{#if this}}{{> b}}{{/if}}"),
        ("_b.hbs", "x {{quote (include \"a\")}}"),
        ("_c.hbs", "{{> (lookup this \"x\")}}{{include name}}"),
        ("t.hbs", "{{#*inline \"i\"}}{{> i}}{{/inline}}{{> (concat \"no\" \"thing\")}}"),
    ]);
    assert_eq!(
        case.problems(),
        "error: a partial may not choose another by a computed name\n  at: _c.hbs:1:1\n\
         hint: it could include itself without end: write the names out, with `{{#if}}` around them\n\
         error: a partial may not choose another by a computed name\n  at: _c.hbs:1:24\n\
         hint: it could include itself without end: write the names out, with `{{#if}}` around them\n\
         error: the partial `a` includes itself\n  at: _b.hbs:1:3\nhint: `a` → `b` → `a`\n\
         error: the partial `i` includes itself\n  at: t.hbs:1:17\nhint: `i` → `i`"
    );
}

#[test]
fn nesting_has_an_end() {
    let blocks: fn(usize) -> String = |n| format!("{}1{}", "{{#if true}}".repeat(n), "{{/if}}".repeat(n));
    let calls: fn(usize) -> String = |n| format!("{{{{quote {}1{}}}}}", "(lower ".repeat(n), ")".repeat(n));
    let lists: fn(usize) -> String = |n| format!("{{{{toJson {}{}}}}}", "[".repeat(n), "]".repeat(n));
    for nested in [blocks, calls, lists] {
        assert!(!rendered(&nested(90), "").is_empty());
        assert!(refused(&nested(60_000), "").contains("the template has more than 50000 brackets"));
    }
    let deep = move || {
        for template in [blocks(110), calls(110), blocks(2_000), calls(2_000)] {
            let problem = refused(&template, "");
            assert_eq!(problem, "error: blocks and calls are nested more than 100 deep\n  at: a.hbs");
        }
        assert!(refused(&lists(2_000), "").contains("the template"));
    };
    thread::Builder::new().stack_size(limits::STACK).spawn(deep).unwrap().join().unwrap();
}

#[test]
fn brackets_in_comments_and_in_a_row_are_not_nested() {
    let template = format!("{{{{!-- {} --}}}}{}", "(".repeat(200), "{{lower (trim \"a\")}}".repeat(200));
    assert_eq!(rendered(&template, ""), "a".repeat(200));
}

#[test]
fn a_missing_name_is_explained() {
    let values = "image: {tag: 1, repository: r}\nlist: [{a: 1}]\nreplicas: 2\nname: x";
    for (template, hint) in [
        ("{{values.image.tga}}", "did you mean `values.image.tag`?"),
        ("{{values.imag.tag}}", "did you mean `values.image`?"),
        ("{{values.image.pullPolicy}}", "`values.image` has `tag`, `repository`"),
        ("{{values.replicas.min}}", "`values.replicas` is not a map"),
        ("{{values.list.[4].a}}", "`values.list` is a list of 1"),
        ("{{vales.replicas}}", "did you mean `values`?"),
        ("{{replicas}}", "did you mean `values.replicas`?"),
        ("{{app.nmae}}", "`app` is empty"),
        ("{{app.name}}", "Argo CD sets it by `ARGOCD_APP_NAME`: outside Argo CD, set that"),
        ("{{#each values.list}}{{@root.values.nme}}{{/each}}", "did you mean `values.name`?"),
    ] {
        let problem = refused(template, values);
        assert!(problem.ends_with(&format!("\nhint: {hint}")), "{template}\n{problem}");
    }
    let inside = refused("{{#each values.list}}{{values.name}}{{/each}}", values);
    assert!(inside.contains("hint: at the top it is set: inside `{{#each}}`"), "{inside}");
    assert!(inside.contains("`@root.values.name`"), "{inside}");
}

#[test]
fn a_template_that_cannot_be_parsed_says_what_to_write() {
    for (template, place, hint) in [
        ("a: {{values.x}\n", "1:14", "`}}` is expected here"),
        ("ä: {{ values.x | quote }}", "1:16", "there are no pipes"),
        ("a: {{ .Values.x }}", "1:7", "a name begins without a dot"),
        ("{{#if values.x}}\na\n", "3:1", "a block is not closed"),
        ("{{/if}}", "1:3", "no block is open here"),
        ("{{#if values.x}}{{else}}{{else}}{{/if}}", "1:27", "no block is open here, or its `{{else}}`"),
        ("{{quote x=}}", "1:11", "a name, a text in quotation marks"),
    ] {
        let problem = refused(template, "x: 1");
        let expected = format!("error: the template cannot be parsed\n  at: a.hbs:{place}\nhint: {hint}");
        assert!(problem.starts_with(&expected), "{template}\n{problem}");
    }
    let mismatch = refused("{{#if values.x}}\n{{/each}}", "x: 1");
    assert_eq!(mismatch, "error: `{{#if}}` is closed by `{{/each}}`\n  at: a.hbs:2:1");
}

#[test]
fn wrong_arguments_are_refused() {
    for (template, message) in [
        ("{{quote}}", "`quote` takes 1 argument, but 0 are given"),
        ("{{quote 1 2}}", "`quote` takes 1 argument, but 2 are given"),
        ("{{replace 1 2}}", "`replace` takes 3 arguments, but 2 are given"),
        ("{{concat}}", "`concat` takes 1 or more arguments, but 0 are given"),
        ("{{env}}", "`env` takes 1 to 2 arguments, but 0 are given"),
        ("{{quote 1 indent=2}}", "`quote` takes no argument by name, but `indent=` is given"),
        ("{{indent -1 \"a\"}}", "`indent`: a count is a small whole number"),
        ("{{trunc 1.5 \"a\"}}", "`trunc`: a count is a small whole number"),
        ("{{join \",\" \"a\"}}", "`join`: the last argument is a list"),
        ("{{b64dec \"?\"}}", "`b64dec`: the text is not base64"),
        ("{{b64dec \"/w==\"}}", "`b64dec`: what is encoded is not UTF-8 text"),
        ("{{lookup 1 2}}", "`lookup`: the first argument is a map or a list"),
        ("{{lookup values \"z\"}}", "`lookup`: there is nothing under that key"),
        ("{{required \"set values.z\" values.z.y}}", "set values.z"),
        ("{{required \"set values.e\" values.e}}", "set values.e"),
        ("{{#each values.e}}{{/each}}", "`values.e` is not set"),
        ("{{include 1}}", "`include`: a partial's name is text"),
        ("{{include \"z\" 1 2}}", "there is no partial `z`"),
        ("{{> @partial-block}}", "`@partial-block` stands where no block was given"),
        ("{{values.l.a}}", "`a` is asked of a list, which has only indexes"),
        ("{{*other}}", "there is no decorator `other`, only `inline`"),
        (
            "{{env \"Z\"}}",
            "the environment variable `ARGOCD_ENV_Z` is not set: name `Z` under `plugin.env`, or give a fallback",
        ),
    ] {
        let problem = refused(template, "e: ''\nl: [1]");
        assert!(problem.starts_with(&format!("error: {message}\n  at: a.hbs:1:1")), "{template}\n{problem}");
    }
}
