//! The options of the renderers; Argo CD's own options under its own names.

use super::{APP, Group, Setting};
use crate::settings::model::RendererKind;

pub(super) fn settings() -> Vec<Setting> {
    [
        (RendererKind::Directory, directory()),
        (RendererKind::Handlebars, handlebars()),
        (RendererKind::Helm, helm()),
        (RendererKind::Kustomize, kustomize()),
    ]
    .into_iter()
    .flat_map(|(kind, settings)| {
        settings.into_iter().map(move |setting| setting.group(Group::Renderer(kind), APP))
    })
    .collect()
}

fn directory() -> Vec<Setting> {
    vec![
        Setting::new("directory.recurse", "Recurse", "Take the files of subdirectories too.", |s| {
            &mut s.directory.recurse
        }),
        Setting::new(
            "directory.include",
            "Include",
            "Glob on the path of the files to take, `{a,b}` for several.",
            |s| &mut s.directory.include,
        )
        .default_is("all `*.yaml`, `*.yml` and `*.json`"),
        Setting::new("directory.exclude", "Exclude", "Glob on the path of the files to leave out.", |s| {
            &mut s.directory.exclude
        }),
    ]
}

fn handlebars() -> Vec<Setting> {
    vec![
        Setting::new("values", "Values", "`values.*` in templates; they win over the values files.", |s| {
            &mut s.handlebars.values
        }),
        Setting::new(
            "valueFiles",
            "Values files",
            "Values files after `values.yaml` and `values-<environment>.yaml`; the later wins. A leading `/` means the \
             repository's root.",
            |s| &mut s.handlebars.value_files,
        )
        .items("path"),
        Setting::new("parameters", "Template parameters", "`parameters.*` in templates.", |s| {
            &mut s.handlebars.parameters
        }),
    ]
}

fn helm() -> Vec<Setting> {
    vec![
        Setting::new("helm.releaseName", "Release name", "The Helm release's name.", |s| {
            &mut s.helm.release_name
        })
        .default_is("the app's name"),
        Setting::new("helm.namespace", "Release namespace", "The namespace to template with.", |s| {
            &mut s.helm.namespace
        })
        .default_is("the destination namespace"),
        Setting::new(
            "helm.valueFiles",
            "Values files",
            "Values files, globs allowed; the later wins. A leading `/` means the repository's root.",
            |s| &mut s.helm.value_files,
        )
        .items("path"),
        Setting::new(
            "helm.ignoreMissingValueFiles",
            "Ignore missing values files",
            "Skip values files that do not exist.",
            |s| &mut s.helm.ignore_missing_value_files,
        ),
        Setting::new("helm.values", "Values", "Values as YAML text; they win over the values files.", |s| {
            &mut s.helm.values
        })
        .secret(),
        Setting::new(
            "helm.valuesObject",
            "Values object",
            "Values as an object, used in place of `helm.values`.",
            |s| &mut s.helm.values_object,
        ),
        Setting::new("helm.parameters", "Parameters", "Single values by their path (`--set`).", |s| {
            &mut s.helm.parameters
        }),
        Setting::new(
            "helm.stringParameters",
            "String parameters",
            "Single values that stay texts (`--set-string`).",
            |s| &mut s.helm.string_parameters,
        ),
        Setting::new(
            "helm.fileParameters",
            "File parameters",
            "Single values read from files (`--set-file`).",
            |s| &mut s.helm.file_parameters,
        ),
        Setting::new("helm.skipCrds", "Skip CRDs", "Leave out the chart's crds directory.", |s| {
            &mut s.helm.skip_crds
        }),
        Setting::new("helm.skipTests", "Skip tests", "Leave out the chart's tests.", |s| {
            &mut s.helm.skip_tests
        }),
        Setting::new(
            "helm.skipSchemaValidation",
            "Skip schema validation",
            "Do not check the values against the chart's schema.",
            |s| &mut s.helm.skip_schema_validation,
        ),
        Setting::new(
            "helm.kubeVersion",
            "Kubernetes version",
            "The Kubernetes version that the chart sees.",
            |s| &mut s.helm.kube_version,
        )
        .default_is("the destination cluster's"),
        Setting::new(
            "helm.apiVersions",
            "API versions",
            "The API versions that the chart sees, each `[group/]version/kind`.",
            |s| &mut s.helm.api_versions,
        )
        .items("API version")
        .default_is("the destination cluster's"),
        Setting::new(
            "helm.passCredentials",
            "Pass credentials",
            "Send a repository's credentials to all domains that its index names.",
            |s| &mut s.helm.pass_credentials,
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn kustomize() -> Vec<Setting> {
    vec![
        Setting::new("kustomize.namePrefix", "Name prefix", "A prefix for the names of all objects.", |s| {
            &mut s.kustomize.name_prefix
        }),
        Setting::new("kustomize.nameSuffix", "Name suffix", "A suffix for the names of all objects.", |s| {
            &mut s.kustomize.name_suffix
        }),
        Setting::new("kustomize.namespace", "Namespace", "The namespace of all objects.", |s| {
            &mut s.kustomize.namespace
        }),
        Setting::new(
            "kustomize.images",
            "Images",
            "Image overrides: `name:tag`, `name=new:tag` or `name@digest`.",
            |s| &mut s.kustomize.images,
        )
        .items("image"),
        Setting::new("kustomize.replicas", "Replicas", "Replicas by the workload's name.", |s| {
            &mut s.kustomize.replicas
        }),
        Setting::new(
            "kustomize.labels",
            "Labels",
            "Labels in metadata only, neither in selectors nor in templates.",
            |s| &mut s.kustomize.labels,
        ),
        Setting::new(
            "kustomize.commonLabels",
            "Common labels",
            "Labels in metadata, templates and selectors.",
            |s| &mut s.kustomize.common_labels,
        ),
        Setting::new(
            "kustomize.commonAnnotations",
            "Common annotations",
            "Annotations of all objects.",
            |s| &mut s.kustomize.common_annotations,
        ),
        Setting::new(
            "kustomize.forceCommonLabels",
            "Force common labels",
            "`kustomize.commonLabels` may overwrite labels of the kustomization.",
            |s| &mut s.kustomize.force_common_labels,
        ),
        Setting::new(
            "kustomize.forceCommonAnnotations",
            "Force common annotations",
            "`kustomize.commonAnnotations` may overwrite annotations of the kustomization.",
            |s| &mut s.kustomize.force_common_annotations,
        ),
        Setting::new(
            "kustomize.labelWithoutSelector",
            "Labels without selectors",
            "`kustomize.commonLabels` are added neither to selectors nor to templates.",
            |s| &mut s.kustomize.label_without_selector,
        ),
        Setting::new(
            "kustomize.labelIncludeTemplates",
            "Labels in templates",
            "With `kustomize.labelWithoutSelector`, common labels are added to templates all the same.",
            |s| &mut s.kustomize.label_include_templates,
        ),
        Setting::new(
            "kustomize.commonAnnotationsEnvsubst",
            "Expand annotations",
            "Expand `$ARGOCD_APP_*` in the values of `kustomize.commonAnnotations`.",
            |s| &mut s.kustomize.common_annotations_envsubst,
        ),
        Setting::new(
            "kustomize.components",
            "Components",
            "Component directories to add to the kustomization.",
            |s| &mut s.kustomize.components,
        )
        .items("path"),
        Setting::new(
            "kustomize.ignoreMissingComponents",
            "Ignore missing components",
            "Skip components that do not exist.",
            |s| &mut s.kustomize.ignore_missing_components,
        ),
        Setting::new(
            "kustomize.patches",
            "Patches",
            "Patches in kustomize's form, added to the kustomization's.",
            |s| &mut s.kustomize.patches,
        ),
        Setting::new(
            "kustomize.buildOptions",
            "Build options",
            "Flags of `kustomize build`, such as `--enable-helm`. Those with which a build reads files outside the \
             repository or runs programs are for the platform file and the command line.",
            |s| &mut s.kustomize.build_options,
        )
        .items("flag"),
        Setting::new(
            "kustomize.kubeVersion",
            "Kubernetes version",
            "The Kubernetes version that charts see, with `--enable-helm`.",
            |s| &mut s.kustomize.kube_version,
        )
        .default_is("the destination cluster's"),
        Setting::new(
            "kustomize.apiVersions",
            "API versions",
            "The API versions that charts see, with `--enable-helm`.",
            |s| &mut s.kustomize.api_versions,
        )
        .items("API version")
        .default_is("the destination cluster's"),
    ]
}
