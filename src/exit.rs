//! Exit codes: a public contract, listed in the README.
//!
//! Argo CD treats every code but 0 as a failed render and shows stderr; scripts may tell the codes apart.

/// A process exit code of `presync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exit(u8);

impl Exit {
    /// Success.
    pub const OK: Self = Self(0);
    /// The run failed for a reason outside the input: a file that cannot be written, a missing program, a bug.
    pub const FAILURE: Self = Self(1);
    /// `diff --exit-code` found differences.
    pub const DIFFERENCES: Self = Self(1);
    /// The command line is wrong; with `diff --exit-code`, any error.
    pub const USAGE: Self = Self(2);
    /// A setting is wrong: parameter, environment variable, settings file, annotation on a Job.
    pub const SETTINGS: Self = Self(3);
    /// The app could not be rendered: unreadable file, template error, a failed `helm` or `kustomize`.
    pub const RENDER: Self = Self(4);
    /// The manifests cannot be read, or an edit cannot be made without changing something else.
    pub const MANIFEST: Self = Self(5);
    /// The decisions contradict each other or the app: name collision, wave cycle, what cannot be copied.
    pub const PLAN: Self = Self(6);
    /// Nothing was rendered, and `allowEmpty` is not set.
    pub const EMPTY: Self = Self(7);
    /// The deadline (`timeout`) passed.
    pub const TIMEOUT: Self = Self(8);
    /// The cluster refused or could not be reached, or did not settle in time.
    pub const CLUSTER: Self = Self(9);
    /// The command worked and found something: `doctor` found a problem, `repair` left an app unrepaired.
    pub const FINDINGS: Self = Self(10);

    /// Returns the number that the process exits with.
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
