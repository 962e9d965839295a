//! The chart at another time.

use std::{fs, io, path::Path};

use walkdir::WalkDir;

use super::actions::{Part, parts};

/// Stands in the place of `now`. Every part of a date and time differs: year, month, day, weekday, hour, minute, second.
const LATER: &str = "(now | date_modify \"90001h31m17s\")";

/// Returns `template` with a later time for each `now`; none where it asks for no time.
fn later(template: &str) -> Option<String> {
    let mut text = String::with_capacity(template.len());
    let mut done = 0;
    for part in parts(template) {
        if let Part::Word("now", at) = part {
            text.push_str(&template[done..at]);
            text.push_str(LATER);
            done = at + "now".len();
        }
    }
    text.push_str(&template[done..]);
    (done > 0).then_some(text)
}

/// Rewrites the templates below `dir`, which is a copy. Links are left alone: they lead to the originals.
pub(super) fn rewrite(dir: &Path) -> io::Result<()> {
    let files = WalkDir::new(dir).into_iter().filter_map(Result::ok).filter(|entry| {
        entry.file_type().is_file() && entry.path().components().any(|part| part.as_os_str() == "templates")
    });
    for file in files {
        let Ok(text) = fs::read_to_string(file.path()) else { continue };
        if let Some(later) = later(&text) {
            fs::write(file.path(), later)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_are_replaced() {
        assert_eq!(
            later("name: a-{{ now | date \"2006\" }}-{{ $now := (now) }}").unwrap(),
            format!("name: a-{{{{ {LATER} | date \"2006\" }}}}-{{{{ $now := ({LATER}) }}}}")
        );
        assert_eq!(later("now {{ .Values.now }} {{ \"now\" }}"), None);
    }
}
