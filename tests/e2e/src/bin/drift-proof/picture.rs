//! The samples as a picture: a lane for each app, a colour for each state, a mark for each run of the migration.

use std::{fmt::Write as _, time::Duration};

use e2e::history::State;

use super::Seen;

const LEFT: usize = 190;
const RIGHT: usize = 210;
const LANE: usize = 34;
const GAP: usize = 22;
const TOP: usize = 56;
/// Width of one second.
const SECOND: usize = 3;

/// Draws the picture as SVG, readable on light and on dark pages.
pub(super) fn draw(seen: &[Seen], ttl: Duration) -> String {
    let seconds = seen.iter().map(|app| app.samples.len()).max().unwrap_or(0);
    let (width, bottom) = (LEFT + seconds * SECOND + RIGHT, TOP + seen.len() * (LANE + GAP));
    let height = bottom + 52;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" font-family="sans-serif" font-size="13">
<rect width="{width}" height="{height}" fill="#ffffff"/>
<text x="{LEFT}" y="22" font-size="15" fill="#1f2328">One app, a migration Job with a TTL of {} s, nobody commits anything</text>
<text x="{LEFT}" y="42" fill="#59636e">What Argo CD reports, second by second. A triangle is a run of the migration.</text>
"##,
        ttl.as_secs()
    );
    for (lane, app) in seen.iter().enumerate() {
        let y = TOP + lane * (LANE + GAP);
        let middle = y + LANE / 2 + 5;
        let _ = writeln!(
            svg,
            r##"<text x="{}" y="{middle}" text-anchor="end" fill="#1f2328">{}</text>"##,
            LEFT - 10,
            app.title
        );
        for (start, length, colour) in stretches(app) {
            let (x, w) = (LEFT + start * SECOND, length * SECOND);
            let _ = writeln!(svg, r#"<rect x="{x}" y="{y}" width="{w}" height="{LANE}" fill="{colour}"/>"#);
        }
        let mut before = 0;
        for (second, sample) in app.samples.iter().enumerate() {
            if sample.runs > before {
                let x = LEFT + second * SECOND;
                let _ = writeln!(svg, r##"<path d="M{x} {y} l-6 -10 h12 z" fill="#1f2328"/>"##);
            }
            before = sample.runs;
        }
        let x = LEFT + seconds * SECOND + 10;
        let _ = writeln!(
            svg,
            r##"<text x="{x}" y="{middle}" fill="#1f2328">{} s OutOfSync, {} {}</text>"##,
            app.out_of_sync_seconds,
            app.migration_runs,
            if app.migration_runs == 1 { "run" } else { "runs" }
        );
    }
    for second in (0..=seconds).step_by(30) {
        let x = LEFT + second * SECOND;
        let _ = writeln!(
            svg,
            r##"<text x="{x}" y="{}" text-anchor="middle" fill="#59636e">{second} s</text>"##,
            bottom + 2
        );
    }
    for (number, (colour, label)) in
        [(SYNCED, "Synced"), (OPERATING, "a sync runs"), (DRIFT, "OutOfSync or Missing")].iter().enumerate()
    {
        let (x, y) = (LEFT + number * 150, bottom + 22);
        let _ = writeln!(
            svg,
            r##"<rect x="{x}" y="{y}" width="14" height="14" fill="{colour}"/><text x="{}" y="{}" fill="#1f2328">{label}</text>"##,
            x + 20,
            y + 12
        );
    }
    svg + "</svg>\n"
}

const SYNCED: &str = "#2da44e";
const OPERATING: &str = "#d4a72c";
const DRIFT: &str = "#cf222e";

fn colour(state: &State) -> &'static str {
    if state.sync == "OutOfSync" || state.health == "Missing" {
        DRIFT
    } else if state.operating {
        OPERATING
    } else {
        SYNCED
    }
}

/// Neighbouring seconds of one colour as (first second, seconds, colour).
fn stretches(app: &Seen) -> Vec<(usize, usize, &'static str)> {
    let mut stretches: Vec<(usize, usize, &'static str)> = Vec::new();
    for (second, sample) in app.samples.iter().enumerate() {
        match stretches.last_mut() {
            Some((_, length, last)) if *last == colour(&sample.state) => *length += 1,
            _ => stretches.push((second, 1, colour(&sample.state))),
        }
    }
    stretches
}
