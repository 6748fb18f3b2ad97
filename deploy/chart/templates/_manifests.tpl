{{- /* Law: what no value changes is not written twice. It comes from the bases of deploy/, to which manifests/ links; only the
namespace is that of the release. */ -}}

{{- /* One of their files: (list $ "manifests/rbac/controller.yaml") */ -}}
{{- define "sample-external-issuer.manifest" -}}
{{- $root := first . -}}
---
{{ $root.Files.Get (last .) | replace "sample-external-issuer-system" $root.Release.Namespace }}
{{ end -}}
