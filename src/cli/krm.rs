//! `presync krm`: a KRM function, as kustomize and kpt run it.

use std::path::Path;

use presync::{
    error::{Location, Problem, Result},
    exit::Exit,
    manifest::{Manifests, ObjectId, Source},
};
use serde_json::Value;

use super::{input, local::Local, output, target::Targets};

/// Rewrite the migration Jobs of a KRM ResourceList
///
/// A KRM function: reads a ResourceList from stdin and prints it with the rewritten items. In a kustomization it stands
/// under `transformers`, with the settings as arguments of the function. Where a whole pipe is at hand, `presync generate -`
/// keeps the bytes of what it does not change; kustomize writes everything anew.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    local: Local,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let resolved = Targets::one(Path::new("-"), None, &args.local).resolve()?;
    let Some(target) = resolved.targets.first() else { return Ok(Exit::OK) };
    let planned = input::plan(target, &args.local.flags())?;
    check(&planned.manifests)?;
    let list = with_additions(planned.output()?)?;
    output::warnings(&planned.plan);
    output::stdout(|out| writeln!(out, "{list:#}"))?;
    Ok(Exit::OK)
}

/// Refuses what is not one ResourceList, and settings that the function would ignore.
fn check(manifests: &Manifests) -> Result<()> {
    let problem = |message: &str| Problem::new(Exit::MANIFEST, message).at(Location::file("<stdin>"));
    let list = list(manifests)?;
    if list.get("kind").and_then(Value::as_str) != Some("ResourceList") || manifests.all_bytes().count() != 1
    {
        return Err(problem("the input is not a ResourceList")
            .hint("use `presync generate -` for a stream of manifests")
            .into());
    }
    let config = list.get("functionConfig");
    if config.is_some_and(|config| ["spec", "data"].iter().any(|field| config.get(field).is_some())) {
        return Err(problem("the function's configuration holds `spec` or `data`, which presync does not read")
            .hint("give settings as arguments of the function: `exec: {path: presync, args: [krm, --environment, dev]}`")
            .into());
    }
    Ok(())
}

/// Returns the list with the documents that follow it, which are new objects, as its last items.
fn with_additions(bytes: Vec<u8>) -> Result<Value> {
    let source = Source { name: "<output>".to_owned(), bytes, validate: false };
    let after = Manifests::read(vec![source])?;
    let mut whole = list(&after)?.clone();
    let added = after.index()?.into_iter().filter(|header| header.id.document > 0);
    let added: Vec<Value> = added.map(|header| after.object(header.id).cloned()).collect::<Result<_>>()?;
    if let Some(items) = whole.get_mut("items").and_then(Value::as_array_mut) {
        items.extend(added);
    }
    Ok(whole)
}

fn list(manifests: &Manifests) -> Result<&Value> {
    manifests.object(ObjectId { document: 0, item: None })
}
