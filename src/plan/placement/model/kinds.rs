//! The order in which the kinds of one step are applied.

/// The kinds in the order of `sync_tasks.go` `syncOrder`; all others come last.
const ORDER: [&str; 34] = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
];

/// Returns the place of a kind among those of one step. `APIService` and custom resources come after all others,
/// whatever their names are.
pub(crate) fn kind_order(kind: &str) -> u8 {
    let at = ORDER.iter().position(|other| *other == kind).unwrap_or(ORDER.len());
    u8::try_from(at).unwrap_or(u8::MAX)
}
