{{- define "huly.migrate" -}}huly-migrate-{{ randAlphaNum 5 | lower }}{{- end }}
