{{- /* The label app.kubernetes.io/name, by which selectors find the pods. */ -}}
{{- define "issuer.name" -}}
{{- .Values.nameOverride | default .Chart.Name -}}
{{- end -}}

{{- /* What the name of each object begins with. */ -}}
{{- define "issuer.fullname" -}}
{{- .Values.fullnameOverride | default (include "issuer.name" .) -}}
{{- end -}}
