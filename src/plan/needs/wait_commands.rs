//! What a pod waits for by the name of an object: `kubectl wait job/migrate`, `k8s-wait-for pod -lapp=db`.

use crate::plan::pod::{commands, program};

/// What a command waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target<'t> {
    /// `Job`; for a custom resource the word of the command.
    pub(crate) kind: &'t str,
    /// The object's name; none where a selector takes the objects.
    pub(crate) name: Option<&'t str>,
    /// The labels that the command selects by.
    pub(crate) selector: Vec<(&'t str, &'t str)>,
}

/// The words for Kubernetes' own kinds, as `kubectl` takes them.
const KINDS: [(&str, &[&str]); 8] = [
    ("ConfigMap", &["configmap", "configmaps", "cm"]),
    ("DaemonSet", &["daemonset", "daemonsets", "ds"]),
    ("Deployment", &["deployment", "deployments", "deploy"]),
    ("Job", &["job", "jobs"]),
    ("Pod", &["pod", "pods", "po"]),
    ("Secret", &["secret", "secrets"]),
    ("Service", &["service", "services", "svc", "endpoints", "ep", "endpointslice", "endpointslices"]),
    ("StatefulSet", &["statefulset", "statefulsets", "sts"]),
];

/// `kubectl`'s commands that look at an object.
const LOOKS: [&str; 5] = ["describe", "get", "logs", "rollout", "wait"];

/// `kubectl`'s commands that change a workload, or run something in its pods: it must be there.
const ACTS: [&str; 11] = [
    "annotate",
    "attach",
    "autoscale",
    "cp",
    "exec",
    "label",
    "patch",
    "port-forward",
    "restart",
    "scale",
    "set",
];

/// Those whose object is a pod where they name no kind.
const IN_PODS: [&str; 5] = ["attach", "cp", "exec", "logs", "port-forward"];

/// Words between a command and what it looks at or changes.
const SUBCOMMANDS: [(&str, &[&str]); 2] = [
    ("rollout", &["history", "latest", "pause", "restart", "resume", "status", "undo"]),
    ("set", &["env", "image", "resources", "selector", "serviceaccount"]),
];

/// The kinds that run the app.
const WORKLOADS: [&str; 4] = ["DaemonSet", "Deployment", "Pod", "StatefulSet"];

/// Flags whose value is the next word.
#[rustfmt::skip]
const WITH_VALUE: [&str; 29] = [
    "--as", "--cluster", "--container", "--context", "--current-replicas", "--field-selector", "--filename", "--for",
    "--kubeconfig", "--namespace", "--output", "--patch", "--replicas", "--request-timeout", "--revision", "--server",
    "--since", "--tail", "--timeout", "--to-revision", "--token", "--type", "--user", "-c", "-f", "-n", "-o", "-p", "-s",
];

/// Commands that take a host as a bare word, and only ever try to reach it; beside those whose name says that they wait.
const PROBES: [&str; 11] =
    ["dig", "dockerize", "getent", "host", "nc", "ncat", "netcat", "nslookup", "ping", "tcping", "telnet"];

/// Commands that only say, or set, what they name.
const SAYS: [&str; 6] = ["declare", "echo", "export", "local", "printf", "readonly"];

/// Whether the command takes hosts as bare words: one that only tries to reach them, or the condition of a loop.
pub(crate) fn probes(command: &commands::Command) -> bool {
    let (program, _) = command.launched();
    command.looped || PROBES.contains(&program) || says_wait(program)
}

/// Whether what the command names must be there.
pub(crate) fn uses(command: &commands::Command) -> bool {
    !SAYS.contains(&command.launched().0)
}

/// Whether it is `WAIT_HOSTS=…`, a variable of tools that wait.
pub(crate) fn says_wait_for(assignment: &str) -> bool {
    program::is_assignment(assignment) && assignment.split_once('=').is_some_and(|(name, _)| says_wait(name))
}

/// Whether it is `wait-for`, `wait_for.sh`, `k8s-wait-for`, or a variable of such tools.
fn says_wait(program: &str) -> bool {
    program.to_ascii_lowercase().contains("wait")
}

/// A program with its arguments, each word by itself.
struct Command<'t> {
    program: &'t str,
    arguments: Vec<&'t str>,
}

/// Returns the objects that a command waits for.
pub(crate) fn targets(command: &commands::Command) -> Vec<Target<'_>> {
    let (program, arguments) = command.launched();
    let words = arguments.iter().flat_map(|word| word.split_whitespace());
    let arguments = words.map(|word| word.trim_matches(['(', ')'])).filter(|word| !word.is_empty()).collect();
    targets_of(&Command { program, arguments })
}

/// Returns the objects that a variable says the pod waits for: `MIGRATION_JOB=migrate`, `DEPENDENCY_SERVICE=shop:db,shop:cache`
/// of `kubernetes-entrypoint`.
pub(crate) fn named_by(variable: &str) -> Vec<Target<'_>> {
    let parts = variable.split_once('=').filter(|_| program::is_assignment(variable));
    let Some((name, value)) = parts else { return Vec::new() };
    let name = name.to_ascii_lowercase();
    let kind = if name.contains("job") {
        "Job"
    } else if name.contains("service") && (name.contains("depend") || says_wait(&name)) {
        "Service"
    } else {
        return Vec::new();
    };
    let entries = value.split([',', ';', ' ']).filter_map(|entry| entry.rsplit([':', '/']).next());
    let names = entries.filter(|name| !name.is_empty());
    names.map(|name| Target { kind, name: Some(name), selector: Vec::new() }).collect()
}

fn targets_of<'t>(command: &Command<'t>) -> Vec<Target<'t>> {
    let kubectl = matches!(command.program, "kubectl" | "oc");
    if !kubectl && !says_wait(command.program) {
        return Vec::new();
    }
    let Some(Words { mut words, selector }) = Words::read(&command.arguments) else { return Vec::new() };
    let mut default = None;
    if kubectl {
        let Some(verb) = words.first().copied() else { return Vec::new() };
        words.remove(0);
        let acts = ACTS.contains(&verb);
        if !acts && !LOOKS.contains(&verb) {
            return Vec::new();
        }
        words.retain(|word| !SUBCOMMANDS.iter().any(|(of, sub)| *of == verb && sub.contains(word)));
        if verb == "cp" {
            // `shop/web-0:/etc/hosts`
            words.retain(|word| word.contains(':'));
            words = words.into_iter().map(pod_of).collect();
        }
        if IN_PODS.contains(&verb) {
            words.truncate(1);
            default = Some("Pod");
        }
        let is_workload = |word: &str| WORKLOADS.contains(&kind(word.split('/').next().unwrap_or_default()));
        if acts && default.is_none() && !words.first().is_some_and(|word| is_workload(word)) {
            return Vec::new();
        }
    } else {
        words.truncate(2);
    }
    named(&words, &selector, default)
}

/// Returns the objects that the words after a command name: `job/a job/b`, `job a b`, `job`.
fn named<'t>(
    words: &[&'t str],
    selector: &[(&'t str, &'t str)],
    default: Option<&'t str>,
) -> Vec<Target<'t>> {
    let target = |word, name| Target { kind: kind(word), name, selector: selector.to_vec() };
    let Some((first, names)) = words.split_first() else { return Vec::new() };
    let slashed = words.iter().filter_map(|word| word.split_once('/'));
    let slashed: Vec<_> = slashed.map(|(word, name)| target(word, Some(name))).collect();
    if !slashed.is_empty() {
        return slashed;
    }
    match default {
        Some(default) if kind(first) == *first => vec![target(default, Some(first))],
        _ if names.is_empty() || !selector.is_empty() => vec![target(first, None)],
        _ => names.iter().map(|name| target(first, Some(name))).collect(),
    }
}

/// What a command's arguments say.
struct Words<'t> {
    /// The words that are no flags.
    words: Vec<&'t str>,
    /// The labels that a flag selects by.
    selector: Vec<(&'t str, &'t str)>,
}

impl<'t> Words<'t> {
    /// Reads the arguments; none where a flag lacks its value.
    fn read(arguments: &[&'t str]) -> Option<Self> {
        let mut selector = Vec::new();
        let mut words = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let selects =
                ["--selector=", "--selector", "-l"].iter().find_map(|flag| argument.strip_prefix(flag));
            if let Some(glued) = selects {
                let labels = if glued.is_empty() { arguments.next()? } else { &glued };
                let mut rest = arguments.clone();
                selector = if let (false, Some(&"in"), Some(value)) =
                    (labels.contains('='), rest.next(), rest.next())
                {
                    // `app in (web)`
                    arguments = rest;
                    vec![(*labels, value.trim_end_matches(','))]
                } else {
                    let pairs = labels.split(',').filter_map(|label| label.split_once('='));
                    pairs.map(|(key, value)| (key, value.trim_start_matches('='))).collect()
                };
            } else if *argument == "--" {
                break;
            } else if WITH_VALUE.contains(argument) {
                arguments.next();
            } else if !argument.starts_with('-') {
                words.push(*argument);
            }
        }
        Some(Self { words, selector })
    }
}

/// Returns the pod of a file in it: `namespace/pod:path`.
fn pod_of(file: &str) -> &str {
    let pod = file.split(':').next().unwrap_or_default();
    pod.rsplit('/').next().unwrap_or_default()
}

/// Returns the kind that a name of `kubectl` stands for: `jobs.batch` and `job-wr` are Jobs.
fn kind(word: &str) -> &str {
    let plain = word.split('.').next().unwrap_or_default();
    let plain = ["-we", "-wr"].iter().find_map(|ending| plain.strip_suffix(ending)).unwrap_or(plain);
    KINDS.iter().find(|(_, words)| words.contains(&plain)).map_or(plain, |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the objects that the commands of a text wait for, as `kind`, `name` and `selector`.
    fn targets(text: &str) -> Vec<(String, Option<String>, String)> {
        let found = commands::of_text(text);
        let found = found.iter().flat_map(super::targets);
        found
            .map(|target| {
                let labels: Vec<_> =
                    target.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
                (target.kind.to_owned(), target.name.map(str::to_owned), labels.join(","))
            })
            .collect()
    }

    #[test]
    fn commands_that_wait_for_an_object() {
        for (text, kind, name, selector) in [
            ("kubectl wait --for=condition=complete job/migrate", "Job", Some("migrate"), ""),
            (
                "kubectl wait --for condition=complete --timeout 60s -n shop job migrate",
                "Job",
                Some("migrate"),
                "",
            ),
            ("kubectl -n shop wait jobs.batch/migrate", "Job", Some("migrate"), ""),
            (
                "until kubectl get job migrate -o jsonpath='{.status.succeeded}' | grep 1",
                "Job",
                Some("migrate"),
                "",
            ),
            ("kubectl rollout status statefulset/db", "StatefulSet", Some("db"), ""),
            ("kubectl wait --for=condition=Ready cluster/pg", "cluster", Some("pg"), ""),
            ("kubectl wait job -l app=migrate,tier==db", "Job", None, "app=migrate,tier=db"),
            ("k8s-wait-for job migrate", "Job", Some("migrate"), ""),
            ("k8s-wait-for job-wr migrate", "Job", Some("migrate"), ""),
            ("wait_for.sh pod -lapp=db", "Pod", None, "app=db"),
            ("wait_for.sh service db -n shop", "Service", Some("db"), ""),
            ("kubectl rollout restart deployment/web", "Deployment", Some("web"), ""),
            ("kubectl -n shop scale --replicas=1 deploy web", "Deployment", Some("web"), ""),
            ("kubectl set image deployment/web web=web:2", "Deployment", Some("web"), ""),
            ("kubectl exec deploy/web -- bin/reload", "Deployment", Some("web"), ""),
            ("kubectl wait pod -l 'app in (web)' --for=condition=Ready", "Pod", None, "app=web"),
            ("kubectl scale --replicas 0 deployment/web", "Deployment", Some("web"), ""),
            ("kubectl rollout restart deploy -l app=web", "Deployment", None, "app=web"),
            ("kubectl -n shop rollout restart statefulset", "StatefulSet", None, ""),
            ("kubectl exec -it web-0 -c web -- bin/reload now", "Pod", Some("web-0"), ""),
            ("kubectl logs web-0", "Pod", Some("web-0"), ""),
            ("kubectl exec deploy/web -i -- sh", "Deployment", Some("web"), ""),
            ("kubectl cp shop/web-0:/etc/app /tmp/app", "Pod", Some("web-0"), ""),
            ("kubectl get endpoints kafka -o json", "Service", Some("kafka"), ""),
            ("kubectl wait deploy/web --for condition=Available", "Deployment", Some("web"), ""),
        ] {
            let expected = (kind.to_owned(), name.map(str::to_owned), selector.to_owned());
            assert_eq!(targets(text), [expected], "{text}");
        }
    }

    #[test]
    fn variables_name_objects() {
        for (variable, kind, names) in [
            ("MIGRATION_JOB=migrate", "Job", vec!["migrate"]),
            ("DEPENDENCY_JOBS=a,shop:b", "Job", vec!["a", "b"]),
            ("DEPENDENCY_SERVICE=shop:db,shop:cache", "Service", vec!["db", "cache"]),
            ("SERVICE_NAME=db", "", vec![]),
            ("JOB=", "", vec![]),
            ("job: a", "", vec![]),
        ] {
            let found = named_by(variable);
            assert!(found.iter().all(|target| target.kind == kind), "{variable}");
            assert_eq!(
                found.iter().filter_map(|target| target.name).collect::<Vec<_>>(),
                names,
                "{variable}"
            );
        }
    }

    #[test]
    fn a_command_may_name_several_objects() {
        for (text, names) in [
            ("kubectl scale deployment web worker --replicas=0", ["web", "worker"]),
            ("kubectl rollout restart deploy/web deploy/worker", ["web", "worker"]),
            ("kubectl wait --for=condition=complete job/a job/b", ["a", "b"]),
        ] {
            let found: Vec<_> = targets(text).into_iter().filter_map(|(_, name, _)| name).collect();
            assert_eq!(found, names, "{text}");
        }
    }

    #[test]
    fn other_commands_wait_for_nothing() {
        for text in [
            "kubectl delete job migrate",
            "kubectl create job x --image=y",
            "rake job migrate",
            "kubectl patch configmap settings -p x",
            "kubectl wait",
            "",
        ] {
            assert_eq!(targets(text), [], "{text}");
        }
    }
}
