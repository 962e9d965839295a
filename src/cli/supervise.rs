//! The run's end: what takes longer than `timeout`, or more memory than an app may, ends with an error.
//!
//! The command works in a thread of its own, whose stack is large enough for whatever is nested. The main thread watches
//! it. That holds for everything that an app owner can make slow or large, without a look at the clock in any of it.
//! Nothing has been printed to stdout by then, because [`super::output::stdout`] ends the watch before it prints; what
//! the tools started, and the temporary files, go as they do however a run ends (`render/process`).

use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use presync::{
    error::{Problem, Problems},
    exit::Exit,
    limits,
    render::process,
    settings::Settings,
};

use super::output;

/// The time between two looks.
const PERIOD: Duration = Duration::from_millis(10);

/// How long a run may take to end a tool that was too slow, and to quote its last words.
const GRACE: Duration = Duration::from_millis(1500);

/// The runs of the process.
static RUNS: Mutex<Runs> = Mutex::new(Runs { current: Vec::new(), begun: 0, input: 0, printing: false });

struct Runs {
    current: Vec<Current>,
    /// How many have begun so far.
    begun: usize,
    /// What stdin held, in bytes: whoever runs the command chose it.
    input: usize,
    printing: bool,
}

/// An app that is being rendered and planned.
struct Current {
    id: usize,
    name: String,
    start: Instant,
    timeout: Duration,
}

/// The watch over one app, until it is dropped.
pub(super) struct Watch {
    id: usize,
    /// When the run began.
    pub(super) start: Instant,
}

/// Begins the watch over an app, with the default timeout.
pub(super) fn watch(name: &str) -> Watch {
    let (start, timeout) = (Instant::now(), Settings::default().timeout);
    with_runs(|runs| {
        runs.begun += 1;
        runs.current.push(Current { id: runs.begun, name: name.to_owned(), start, timeout });
        Watch { id: runs.begun, start }
    })
}

impl Watch {
    /// Sets the app's own timeout.
    pub(super) fn set_timeout(&self, timeout: Duration) {
        with_runs(|runs| {
            for run in runs.current.iter_mut().filter(|run| run.id == self.id) {
                run.timeout = timeout;
            }
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        with_runs(|runs| runs.current.retain(|run| run.id != self.id));
    }
}

/// Allows memory for what was read from stdin.
pub(super) fn allow_input(bytes: usize) {
    with_runs(|runs| runs.input += bytes);
}

/// Ends the watch: what is printed is printed whole.
pub(super) fn end() {
    with_runs(|runs| runs.printing = true);
}

/// Runs a command on a thread of its own, under watch.
pub(super) fn run(work: impl FnOnce() -> Exit + Send + 'static) -> Exit {
    let (done, result) = mpsc::channel();
    let worker = thread::Builder::new().stack_size(limits::STACK).spawn(move || {
        // The receiver is gone only when the process ends.
        let _ = done.send(work());
    });
    if let Err(error) = worker {
        let problem = Problem::new(Exit::FAILURE, "cannot start a thread").caused_by(error);
        output::problems(&Problems::from(problem));
        return Exit::FAILURE;
    }
    loop {
        match result.recv_timeout(PERIOD) {
            Ok(exit) => return exit,
            Err(RecvTimeoutError::Disconnected) => return Exit::FAILURE,
            Err(RecvTimeoutError::Timeout) => with_runs(end_if_exceeded),
        }
    }
}

/// Ends the process when an app has used up what it may. It holds the lock, so that nobody begins to print.
#[expect(clippy::exit, reason = "the worker cannot be stopped")]
fn end_if_exceeded(runs: &mut Runs) {
    let problem = if runs.printing { None } else { runs.exceeded(resident) };
    if let Some(problem) = problem {
        let exit = problem.exit;
        output::problems(&Problems::from(problem));
        std::process::exit(i32::from(exit.code()));
    }
}

impl Runs {
    /// Returns what an app has too much of.
    fn exceeded(&self, resident: impl Fn() -> Option<usize>) -> Option<Problem> {
        let grace = if process::reports_deadline() { GRACE } else { Duration::ZERO };
        let late = self.current.iter().find(|run| run.start.elapsed() > run.timeout.saturating_add(grace));
        if let Some(run) = late {
            let of = if self.begun > 1 { format!("`{}`", run.name) } else { "the run".to_owned() };
            let message = format!("{of} did not end within the timeout of {:?}", run.timeout);
            return Some(Problem::new(Exit::TIMEOUT, message).hint(
                "something in the app takes very long to read or render; `timeout` is the time for the whole run, and \
                 Argo CD's own is 60 s",
            ));
        }
        // Reports about many apps hold all of them.
        let one = self.begun == 1 && !self.current.is_empty();
        let allowed = limits::MEMORY.saturating_add(self.input.saturating_mul(3));
        (one && resident()? > allowed).then(|| {
            let message = format!("the run needs more than {} MiB of memory", limits::MEMORY >> 20);
            Problem::new(Exit::RENDER, message)
                .hint("something in the app grows very large when it is read or rendered: aliases, partials, loops, or files")
        })
    }
}

/// Returns the memory that the process uses, in bytes; unknown where there is no `/proc`.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size())
}

fn with_runs<T>(look: impl FnOnce(&mut Runs) -> T) -> T {
    look(&mut RUNS.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(ages: &[u64]) -> Runs {
        let run = |(id, seconds): (usize, &u64)| Current {
            id,
            name: format!("app-{id}"),
            start: Instant::now().checked_sub(Duration::from_secs(*seconds)).unwrap(),
            timeout: Duration::from_secs(10),
        };
        let current = ages.iter().enumerate().map(run).collect();
        Runs { current, begun: ages.len(), input: 0, printing: false }
    }

    #[test]
    fn a_run_that_takes_too_long_has_a_problem() {
        assert!(runs(&[9]).exceeded(|| None).is_none());
        let problem = runs(&[11]).exceeded(|| None).unwrap();
        assert_eq!(problem.exit, Exit::TIMEOUT);
        assert_eq!(problem.message, "the run did not end within the timeout of 10s");
        let problem = runs(&[1, 11]).exceeded(|| None).unwrap();
        assert_eq!(problem.message, "`app-1` did not end within the timeout of 10s");
    }

    #[test]
    fn a_run_that_grows_too_large_has_a_problem() {
        let used = || Some(limits::MEMORY + 1);
        assert_eq!(runs(&[1]).exceeded(used).unwrap().message, "the run needs more than 512 MiB of memory");
        assert!(runs(&[1]).exceeded(|| Some(limits::MEMORY)).is_none());
        assert!(runs(&[1, 1]).exceeded(used).is_none(), "reports hold many apps");
        assert!(Runs { input: 1, ..runs(&[1]) }.exceeded(used).is_none(), "stdin is not the app's");
        assert!(runs(&[]).exceeded(used).is_none());
    }

    #[test]
    fn the_memory_of_this_process_is_known() {
        assert!(!cfg!(target_os = "linux") || resident().unwrap() > 1 << 20);
    }

    #[test]
    fn a_watch_ends_with_its_app() {
        let watch = watch("app");
        watch.set_timeout(Duration::from_secs(1));
        let timeout =
            |id| with_runs(|runs| runs.current.iter().find(|run| run.id == id).map(|run| run.timeout));
        assert_eq!(timeout(watch.id), Some(Duration::from_secs(1)));
        let id = watch.id;
        drop(watch);
        assert_eq!(timeout(id), None);
    }
}
