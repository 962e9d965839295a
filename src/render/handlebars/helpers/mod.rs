//! The helpers: what templates can call.
//!
//! Arguments come in the order of Helm's (Sprig's) functions of the same name: the subject is the last. A helper's
//! result keeps its type inside another call, and is written as text outside.

use std::{collections::BTreeMap, ops::RangeInclusive};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, JsonRender as _, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};
use serde_json::Value;

use crate::limits;

mod condition;
mod include;
mod text;

/// A helper that is a pure function of its arguments, all of which must be set.
struct Function {
    name: &'static str,
    /// How many arguments it takes.
    arity: RangeInclusive<usize>,
    /// The result, or what is wrong with the arguments. The reason must not hold a value.
    run: fn(&[&Value]) -> Result<Value, String>,
}

/// The helper that writes: [`super::lint`] makes `{{name}}` and `{{helper argument}}` into calls of it.
pub(super) const WRITE: &str = "presync-write";

/// The name of the helper that renders a partial.
pub(super) const INCLUDE: &str = "include";

/// How a helper can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `{{name …}}` and `(name …)`.
    Value,
    /// `{{#name …}} … {{/name}}`.
    Block,
    /// Both.
    Either,
}

/// Returns every helper by its name.
pub(super) fn forms() -> BTreeMap<&'static str, Form> {
    let values =
        text::FUNCTIONS.iter().map(|function| function.name).chain([INCLUDE, "default", "required", "env"]);
    let conditions = condition::NAMES.iter().copied();
    values
        .map(|name| (name, Form::Value))
        .chain(conditions.map(|name| (name, Form::Either)))
        .chain(["if", "unless", "each", "with", "raw"].map(|name| (name, Form::Block)))
        .collect()
}

/// Returns a registry in strict mode with all helpers; `env` is `ARGOCD_ENV_*` by the name after the prefix.
pub(super) fn registry(env: &BTreeMap<String, String>) -> Handlebars<'_> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(handlebars::no_escape);
    registry.unregister_helper("log");
    for function in text::FUNCTIONS {
        registry.register_helper(function.name, Box::new(function));
    }
    condition::register(&mut registry);
    registry.register_helper(INCLUDE, Box::new(include::Include));
    registry.register_helper(WRITE, Box::new(Write));
    registry.register_helper("env", Box::new(Env(env)));
    registry
}

impl HelperDef for &'static Function {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        check_call(helper, &self.arity)?;
        let arguments =
            (0..helper.params().len()).map(|i| argument(helper, i)).collect::<Result<Vec<_>, _>>()?;
        let value = (self.run)(&arguments).and_then(fitting);
        value.map(ScopedJson::Derived).map_err(|reason| failure(format!("`{}`: {reason}", self.name)))
    }
}

/// Returns a result that is not too large.
fn fitting(value: Value) -> Result<Value, String> {
    if value.as_str().is_some_and(|text| text.len() > limits::HELPER_BYTES) {
        Err(too_large())
    } else {
        Ok(value)
    }
}

/// Returns why a result is refused.
fn too_large() -> String {
    format!("the result is larger than {} MiB", limits::HELPER_BYTES >> 20)
}

/// Writes a value; a map or a list is an error, and `null` too.
struct Write;

impl HelperDef for Write {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let value = argument(helper, 0)?;
        let path = helper.param(0).and_then(|parameter| parameter.relative_path());
        let what = path.map_or_else(|| "the result".to_owned(), |path| format!("`{path}`"));
        match value {
            Value::Object(_) => Err(failure(format!("{what} is a map: write it with `toYaml` or `toJson`"))),
            Value::Array(_) => {
                Err(failure(format!("{what} is a list: write it with `toYaml`, `toJson` or `join`")))
            }
            Value::Null => Err(failure(format!("{what} is null: set it, or give a `default`"))),
            scalar => Ok(ScopedJson::Derived(Value::String(scalar.render()))),
        }
    }
}

/// `env NAME [FALLBACK]`: an environment variable that the Application sets for the plugin.
struct Env<'a>(&'a BTreeMap<String, String>);

impl HelperDef for Env<'_> {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        check_call(helper, &(1..=2))?;
        let name = argument(helper, 0)?.as_str().ok_or_else(|| failure("`env`: a name is text"))?;
        let name = name.strip_prefix("ARGOCD_ENV_").unwrap_or(name);
        match self.0.get(name) {
            Some(value) => Ok(ScopedJson::Derived(Value::String(value.clone()))),
            None if helper.params().len() == 2 => Ok(ScopedJson::Derived(argument(helper, 1)?.clone())),
            None => Err(failure(format!(
                "the environment variable `ARGOCD_ENV_{name}` is not set: name `{name}` under `plugin.env`, or give a fallback"
            ))),
        }
    }
}

/// Returns the argument `i`, which must be set.
fn argument<'h>(helper: &'h Helper<'_>, i: usize) -> Result<&'h Value, RenderError> {
    let parameter =
        helper.param(i).ok_or_else(|| failure(format!("`{}` needs another argument", helper.name())))?;
    if parameter.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(parameter.relative_path().cloned()).into());
    }
    Ok(parameter.value())
}

/// Whether the call has the right number of arguments and none by name.
fn check_call(helper: &Helper<'_>, arity: &RangeInclusive<usize>) -> Result<(), RenderError> {
    let (name, given) = (helper.name(), helper.params().len());
    if let Some(hash) = helper.hash().keys().next() {
        return Err(failure(format!("`{name}` takes no argument by name, but `{hash}=` is given")));
    }
    if arity.contains(&given) {
        return Ok(());
    }
    let (least, most) = (arity.start(), arity.end());
    let takes = match (*least, *most) {
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, usize::MAX) => format!("{least} or more arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(failure(format!("`{name}` takes {takes}, but {given} are given")))
}

fn failure(message: impl Into<String>) -> RenderError {
    RenderErrorReason::Other(message.into()).into()
}
