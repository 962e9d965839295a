#!/usr/bin/env bash
# The rendered-manifests pattern: CI renders each environment and commits the result, which Argo CD syncs as it is.
#
#   rendered-manifests.sh CHART OUTPUT-DIRECTORY
set -euo pipefail
chart=$1 output=$2

for environment in dev staging production; do
  app=catalog-$environment
  mkdir -p "$output/$environment"
  # pipefail: a failed render must not be committed as an empty file.
  helm template catalog "$chart" --namespace shop --include-crds \
    --values "$chart/values.yaml" --values "$chart/values-$environment.yaml" |
    presync generate - --app-name "$app" --namespace shop --environment "$environment" >"$output/$environment/$app.yaml"
done
