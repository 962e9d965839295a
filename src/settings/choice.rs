//! Settings with few values: their names and what each means, in one place for parsing, help, schema and reference.

use std::fmt;

use super::model::{Dependencies, Names, Phase, RendererKind, Sidecars, Strategy, Trigger};

/// A type with few values, each with its name and meaning.
pub trait Choice: Copy + Eq + fmt::Display + 'static {
    /// The values, their names as users write them, and what each means.
    const ALL: &'static [(Self, &'static str, &'static str)];
}

macro_rules! choice {
    ($type:ident { $($variant:ident $name:literal: $meaning:literal;)+ }) => {
        impl Choice for $type {
            const ALL: &'static [(Self, &'static str, &'static str)] = &[$((Self::$variant, $name, $meaning)),+];
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }
    };
}

choice!(RendererKind {
    Directory "directory": "the YAML and JSON files of the directory as they are";
    Handlebars "handlebars": "`*.hbs` templates beside plain files";
    Helm "helm": "a chart, by `helm template`";
    Kustomize "kustomize": "a kustomization, by `kustomize build`";
});

choice!(Strategy {
    Hook "hook": "a sync hook that Argo CD deletes before it creates the next one, with the environment's TTL";
    Once "once": "a plain Job without a TTL whose name carries a digest of its content: it runs once for each change";
    Extend "extend": "a plain Job with the environment's TTL, which only delays the drift";
    Off "off": "left as it is";
});

choice!(Phase {
    Auto "auto": "by what the Job needs from its own app";
    PreSync "PreSync": "before anything of the app is applied";
    Sync "Sync": "in a wave before the workloads";
    PostSync "PostSync": "after the app is healthy";
});

choice!(Dependencies {
    InPlace "in-place": "what the Job needs stays where it is";
    Copy "copy": "hook copies of the ConfigMaps and Secrets that the Job reads, deleted after the sync";
});

choice!(Trigger {
    Job "job": "a change of what the Job runs makes the app OutOfSync";
    Inputs "inputs": "so does a change of the ConfigMaps and Secrets of the app that it reads";
    None "none": "no trigger: Argo CD does not sync for a change in a hook alone";
});

choice!(Names {
    Certain "certain": "a digest of the app's name replaces what is certainly generated";
    Likely "likely": "it also replaces what only looks generated, such as a hash";
    Rendered "rendered": "the name stays as rendered";
});

choice!(Sidecars {
    Allow "allow": "injection stays as it is";
    Off "off": "the pod is opted out of Istio's and Linkerd's injection";
});
