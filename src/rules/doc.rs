//! A rule's documentation, out of its file's doc comment.

/// Sections of Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// What the rule finds, one sentence.
    pub what: String,
    /// All sections, with their headings.
    pub text: String,
    /// YAML in which the rule finds something.
    pub example: String,
    /// The same, as it should be.
    pub instead: String,
}

impl Doc {
    /// Reads the `//!` lines of a file.
    pub(super) fn read(source: &str) -> Self {
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let what = lines.iter().take_while(|line| !line.is_empty()).copied().collect::<Vec<_>>().join(" ");
        Self {
            what,
            text: lines.join("\n"),
            example: yaml(&lines, "## Example"),
            instead: yaml(&lines, "## Instead"),
        }
    }
}

/// Returns the YAML block of a section.
fn yaml(lines: &[&str], heading: &str) -> String {
    let section = lines.iter().skip_while(|line| **line != heading).skip(1);
    let block = section.skip_while(|line| !line.starts_with("```yaml")).skip(1);
    block.take_while(|line| !line.starts_with("```")).flat_map(|line| [*line, "\n"]).collect()
}
