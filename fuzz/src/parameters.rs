//! The Application's parameters and environment: read, or refused with an error.

use presync::settings::{self, Inputs};

use super::split;

/// Runs one case.
pub fn run(data: &[u8]) {
    let (first, rest) = split(data);
    let (Ok(variable), Ok(text)) = (str::from_utf8(first), str::from_utf8(rest)) else { return };
    let (name, value) = variable.split_once('=').unwrap_or(("TTL", variable));
    let env = [
        ("ARGOCD_APP_NAME".to_owned(), "catalog-dev".to_owned()),
        (format!("ARGOCD_ENV_PRESYNC_{name}"), value.to_owned()),
        ("ARGOCD_APP_PARAMETERS".to_owned(), text.to_owned()),
    ];
    if let Err(problems) = settings::load(&Inputs { env: env.into(), ..Inputs::default() }) {
        assert!(problems.to_string().starts_with("error: "));
    }
}
