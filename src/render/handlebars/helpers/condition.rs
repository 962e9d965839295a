//! Conditions and fallbacks: the helpers that may look at what is not set.
//!
//! Only the last part of a name may be missing: with `{{#if values.ingress.enabled}}`, `ingress` must be there, so that
//! a misspelt name does not silently switch something off.

use std::cmp::Ordering;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender as _, JsonTruthy as _, Output,
    RenderContext, RenderError, RenderErrorReason, Renderable as _, ScopedJson,
};
use serde_json::Value;

use super::{argument, check_call, failure};

/// The conditions, which can stand as blocks.
pub(super) const NAMES: [&str; 11] =
    ["if", "unless", "and", "or", "not", "eq", "ne", "lt", "lte", "gt", "gte"];

pub(super) fn register(registry: &mut Handlebars<'_>) {
    for name in NAMES {
        registry.register_helper(name, Box::new(Condition));
    }
    registry.register_helper("default", Box::new(Default));
    registry.register_helper("required", Box::new(Required));
}

/// Any of [`NAMES`], by the name it is called with.
struct Condition;

impl Condition {
    fn holds<'rc>(
        helper: &Helper<'rc>,
        context: &'rc Context,
        rc: &RenderContext<'_, 'rc>,
    ) -> Result<bool, RenderError> {
        let count = helper.params().len();
        let truthy = |i| Ok::<_, RenderError>(optional(helper, i, context, rc)?.is_truthy(false));
        let pair = || {
            check_call(helper, &(2..=2))?;
            Ok::<_, RenderError>((argument(helper, 0)?, argument(helper, 1)?))
        };
        let ordered = |wanted: fn(Ordering) -> bool| {
            let (a, b) = pair()?;
            compare(a, b)
                .map(wanted)
                .ok_or_else(|| failure(format!("`{}` compares two numbers", helper.name())))
        };
        match helper.name() {
            "and" | "or" => check_call(helper, &(2..=usize::MAX))?,
            "if" | "unless" | "not" => check_call(helper, &(1..=1))?,
            _ => {}
        }
        match helper.name() {
            "and" => (0..count).try_fold(true, |all, i| Ok(truthy(i)? && all)),
            "or" => (0..count).try_fold(false, |any, i| Ok(truthy(i)? || any)),
            "if" => truthy(0),
            "unless" | "not" => Ok(!truthy(0)?),
            "eq" => pair().map(|(a, b)| equal(a, b)),
            "ne" => pair().map(|(a, b)| !equal(a, b)),
            "lt" => ordered(Ordering::is_lt),
            "lte" => ordered(Ordering::is_le),
            "gt" => ordered(Ordering::is_gt),
            _ => ordered(Ordering::is_ge),
        }
    }
}

impl HelperDef for Condition {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        Self::holds(helper, context, rc).map(|holds| ScopedJson::Derived(Value::Bool(holds)))
    }

    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let branch = if Self::holds(helper, context, rc)? { helper.template() } else { helper.inverse() };
        branch.map_or(Ok(()), |template| template.render(registry, context, rc, out))
    }
}

/// `default FALLBACK VALUE`: the value, or the fallback when it is not set, null or an empty text. Unlike Sprig's, it
/// keeps `false` and `0`.
struct Default;

impl HelperDef for Default {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        check_call(helper, &(2..=2))?;
        let value = optional(helper, 1, context, rc)?;
        let value = if is_blank(value) { argument(helper, 0)? } else { value };
        Ok(ScopedJson::Derived(value.clone()))
    }
}

/// `required MESSAGE VALUE`: the value, or the message as an error when it is not set, null or an empty text.
struct Required;

impl HelperDef for Required {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        check_call(helper, &(2..=2))?;
        let value = helper.param(1).map_or(&Value::Null, |parameter| parameter.value());
        if is_blank(value) {
            return Err(failure(argument(helper, 0)?.render()));
        }
        Ok(ScopedJson::Derived(value.clone()))
    }
}

/// Returns the argument `i`, null when the last part of its name is not set.
fn optional<'h, 'rc>(
    helper: &'h Helper<'rc>,
    i: usize,
    context: &'rc Context,
    rc: &RenderContext<'_, 'rc>,
) -> Result<&'h Value, RenderError> {
    let Some(parameter) = helper.param(i).filter(|parameter| parameter.is_value_missing()) else {
        return argument(helper, i);
    };
    let path = parameter.relative_path().map(String::as_str).unwrap_or_default();
    let may_be_missing = match parent(path) {
        "@root" => false,
        "" | "this" | "." => is_inside_a_block(rc),
        parent if parent.ends_with("..") => true,
        parent => !rc.evaluate(context, parent)?.is_missing(),
    };
    if may_be_missing {
        return Ok(&Value::Null);
    }
    Err(RenderErrorReason::MissingVariable(Some(path.to_owned())).into())
}

/// Whether names begin at an item or a partial's arguments, whose fields may differ, and not at the top, where the names
/// are always the same.
fn is_inside_a_block(rc: &RenderContext<'_, '_>) -> bool {
    rc.block().is_some_and(|block| block.base_value().is_some() || !block.base_path().is_empty())
}

/// Returns `path` without its last part: `values` of `values.image` and of `values.[image.tag]`.
fn parent(path: &str) -> &str {
    if path.ends_with(']') {
        let head = path.rfind('[').map_or("", |bracket| &path[..bracket]);
        head.strip_suffix(['.', '/']).unwrap_or(head)
    } else {
        path.rfind(['.', '/']).map_or("", |separator| &path[..separator])
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// Whether two values are equal as JSON, or written the same: parameters and environment variables are always strings.
fn equal(a: &Value, b: &Value) -> bool {
    let is_scalar = |value: &Value| matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_));
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => compare(a, b) == Some(Ordering::Equal),
        (a, b) if is_scalar(a) && is_scalar(b) => a.render() == b.render(),
        (a, b) => a == b,
    }
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number(a)?.partial_cmp(&number(b)?)
}
