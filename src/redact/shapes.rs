//! The shapes that secrets have, whoever gave them to the tool.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use super::REMOVED;

/// Private keys and certificates; a block that was cut off ends with the text.
const PEM: &str = r"(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z)";

/// What stands before the host in a URL: up to the last `@` when there is a password, which may hold anything.
const USER: &str = r#"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/@:"'<>]*:[^\s"'<>]*|[^\s/@:"'<>]+)@"#;

/// `Authorization: Bearer x`, wherever it stands.
const AUTHORIZATION: &str = r"(?i)\b(bearer|basic) +[A-Za-z0-9._~+/=-]{6,}";

/// JSON Web Tokens.
const JWT: &str = r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?";

/// Tokens that say by their prefix whose they are.
const TOKEN: &str =
    r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|hvs\.|[sr]k_live_|AKIA|ASIA)[A-Za-z0-9_-]{10,}";

/// A key that names a secret, and its value: `password: x`, `"apiKey":"x"`, `db_password=x`. Without `.` and `/` in the
/// key, because `templates/secret.yaml: error` is none.
const NAMED: &str = concat!(
    r"(?i)([A-Za-z0-9_-]*",
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|cookie)",
    r#"[A-Za-z0-9_-]*["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'<>]+)"#,
);

/// The same as an option: `--password x`.
const OPTION: &str = r"(?i)(--[a-z-]*(?:password|passphrase|secret|token|key)\s+)\S+";

/// A run of what base64 is made of.
const BASE64: &str = r"[A-Za-z0-9+/]{32,}={0,2}";

/// Returns `text` without what looks like a secret; nothing of it, should a pattern be broken.
pub(super) fn redact(text: &str) -> String {
    let Ok(shapes) = &*SHAPES else { return REMOVED.to_owned() };
    let text = shapes.pem.replace_all(text, REMOVED);
    let text = shapes.user.replace_all(&text, format!("${{1}}{REMOVED}@"));
    let text = shapes.authorization.replace_all(&text, format!("${{1}} {REMOVED}"));
    let text = shapes.jwt.replace_all(&text, REMOVED);
    let text = shapes.token.replace_all(&text, REMOVED);
    let text = shapes.named.replace_all(&text, format!("${{1}}{REMOVED}"));
    let text = shapes.option.replace_all(&text, format!("${{1}}{REMOVED}"));
    shapes.base64.replace_all(&text, base64).into_owned()
}

/// Leaves what only looks like base64: paths, and the digests of images, which are all lower case.
fn base64(run: &Captures<'_>) -> String {
    let run = &run[0];
    let is_random = [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit]
        .iter()
        .all(|kind| run.bytes().any(|byte| kind(&byte)));
    let is_path = run.bytes().filter(|&byte| byte == b'/').count() * 16 > run.len();
    if is_random && !is_path { REMOVED.to_owned() } else { run.to_owned() }
}

struct Shapes {
    pem: Regex,
    user: Regex,
    authorization: Regex,
    jwt: Regex,
    token: Regex,
    named: Regex,
    option: Regex,
    base64: Regex,
}

static SHAPES: LazyLock<Result<Shapes, regex_lite::Error>> = LazyLock::new(|| {
    Ok(Shapes {
        pem: Regex::new(PEM)?,
        user: Regex::new(USER)?,
        authorization: Regex::new(AUTHORIZATION)?,
        jwt: Regex::new(JWT)?,
        token: Regex::new(TOKEN)?,
        named: Regex::new(NAMED)?,
        option: Regex::new(OPTION)?,
        base64: Regex::new(BASE64)?,
    })
});
