#!/bin/sh
# Gets one Application going again after its Job was deleted by TTL. What it does: `presync repair --help`.
set -eu
if [ "$#" -lt 2 ]; then
    echo "usage: $0 NAMESPACE APP [flag of presync repair]..." >&2
    echo "  NAMESPACE  Argo CD's namespace, such as argocd" >&2
    echo "  APP        the Application, such as catalog-dev" >&2
    exit 2
fi
namespace=$1 app=$2
shift 2
exec "${PRESYNC:-presync}" repair "$app" --namespace "$namespace" --yes "$@"
