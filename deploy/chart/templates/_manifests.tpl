{{- /* What no value changes is not written twice: it comes from the bases of deploy/, to which manifests/ links. As
deploy/names does for kustomize, the chart adds its name to their neutral names, the namespace of the release, and labels. Files of
manifests/namespaced have the names of deploy/names already: these are replaced. */ -}}

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

{{- /* The name of an object of a file: (list $ "controller-manager") */ -}}
{{- define "issuer.prefixed" -}}
{{- $root := first . -}}
{{- printf "%s-%s" (include "issuer.fullname" $root) (last . | trimPrefix (printf "%s-" $root.Chart.Name)) -}}
{{- end -}}

{{- /* Changes an object: (list $ $object). Returns nothing. Events about objects in no namespace stay in `default`. */ -}}
{{- define "issuer.named" -}}
{{- $root := first . }}
{{- $object := last . }}
{{- $metadata := $object.metadata }}
{{- if ne $object.kind "CustomResourceDefinition" }}
{{- $_ := set $metadata "name" (include "issuer.prefixed" (list $root $metadata.name)) }}
{{- end }}
{{- if and $metadata.namespace (ne $metadata.namespace "default") }}
{{- $_ := set $metadata "namespace" $root.Release.Namespace }}
{{- end }}
{{- $_ := set $metadata "labels" (merge (include "issuer.labels" $root | fromYaml) ($metadata.labels | default dict)) }}
{{- range $key, $name := $metadata.annotations }}
{{- if eq $key "kubernetes.io/service-account.name" }}
{{- $_ := set $metadata.annotations $key (include "issuer.prefixed" (list $root $name)) }}
{{- end }}
{{- end }}
{{- with $object.roleRef }}
{{- $_ := set . "name" (include "issuer.prefixed" (list $root .name)) }}
{{- end }}
{{- range $object.subjects }}
{{- if or (eq .namespace "system") (hasPrefix (printf "%s-" $root.Chart.Name) .name) }}
{{- $_ := mergeOverwrite . (dict "name" (include "issuer.prefixed" (list $root .name)) "namespace" $root.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end -}}
