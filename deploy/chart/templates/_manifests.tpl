{{- /* What no value changes is not written twice: it comes from the bases of deploy/, to which manifests/ links. As
deploy/names does for kustomize, the chart adds its name to their neutral names, the namespace of the release, and a label. */ -}}

{{- /* All objects of a file: (list $ "manifests/rbac/controller.yaml") */ -}}
{{- define "issuer.manifest" -}}
{{- $root := first . -}}
{{- range include "issuer.text" . | splitList "\n---\n" }}
{{- $object := fromYaml . }}
{{- include "issuer.named" (list $root $object) }}
---
{{ toYaml $object }}
{{- end }}
{{- end -}}

{{- /* The text of a file, with the label that selectors ask for. */ -}}
{{- define "issuer.text" -}}
{{- $root := first . -}}
{{- $root.Files.Get (last .) | replace "app.kubernetes.io/name: issuer" (printf "app.kubernetes.io/name: %s" (include "issuer.name" $root)) -}}
{{- end -}}

{{- /* Changes an object: (list $ $object). Returns nothing. */ -}}
{{- define "issuer.named" -}}
{{- $root := first . }}
{{- $object := last . }}
{{- $metadata := $object.metadata }}
{{- $fullname := include "issuer.fullname" $root }}
{{- if ne $object.kind "CustomResourceDefinition" }}
{{- $_ := set $metadata "name" (printf "%s-%s" $fullname $metadata.name) }}
{{- end }}
{{- if $metadata.namespace }}
{{- $_ := set $metadata "namespace" $root.Release.Namespace }}
{{- end }}
{{- $_ := set $metadata "labels" (merge (dict "app.kubernetes.io/name" (include "issuer.name" $root)) ($metadata.labels | default dict)) }}
{{- with $object.roleRef }}
{{- $_ := set . "name" (printf "%s-%s" $fullname .name) }}
{{- end }}
{{- range $object.subjects }}
{{- if eq .namespace "system" }}
{{- $_ := mergeOverwrite . (dict "name" (printf "%s-%s" $fullname .name) "namespace" $root.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end -}}
