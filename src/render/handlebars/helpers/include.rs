//! `include NAME [CONTEXT] [key=value …]`: a partial as a value, to be indented or passed on.

use std::collections::VecDeque;

use handlebars::{
    BlockContext, Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason,
    Renderable as _, ScopedJson,
};
use serde_json::Value;

use super::{argument, failure};

pub(super) struct Include;

impl HelperDef for Include {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let name =
            argument(helper, 0)?.as_str().ok_or_else(|| failure("`include`: a partial's name is text"))?;
        let partial = rc.get_partial(name).or_else(|| registry.get_template(name));
        let partial = partial.ok_or_else(|| RenderErrorReason::PartialNotFound(name.to_owned()))?;

        let mut block = BlockContext::new();
        if let Some(parent) = rc.block() {
            block.local_variables_mut().clone_from(parent.local_variables());
        }
        block.set_base_value(base(helper, context, rc)?);

        // A context of its own for the rendering: the indentation where the call stands is not the partial's.
        let mut inner = RenderContext::new(None);
        inner.replace_blocks(rc.replace_blocks(VecDeque::new()));
        inner.push_block(block);
        let text = partial.renders(registry, context, &mut inner);
        inner.pop_block();
        rc.replace_blocks(inner.replace_blocks(VecDeque::new()));

        let text = text?;
        Ok(ScopedJson::Derived(Value::String(text.strip_suffix('\n').unwrap_or(&text).to_owned())))
    }
}

/// Returns what the partial sees: the given context or the current one, with the named arguments over it, as for `{{>
/// partial}}`.
fn base<'rc>(
    helper: &Helper<'rc>,
    context: &'rc Context,
    rc: &RenderContext<'_, 'rc>,
) -> Result<Value, RenderError> {
    let base = match helper.params().len() {
        1 => rc.evaluate(context, "this")?.as_json().clone(),
        2 => argument(helper, 1)?.clone(),
        _ => return Err(failure("`include` takes a partial's name and at most one context")),
    };
    if helper.hash().is_empty() {
        return Ok(base);
    }
    let mut map = match base {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    };
    for (key, parameter) in helper.hash() {
        if parameter.is_value_missing() {
            return Err(RenderErrorReason::MissingVariable(parameter.relative_path().cloned()).into());
        }
        map.insert((*key).to_owned(), parameter.value().clone());
    }
    Ok(Value::Object(map))
}
