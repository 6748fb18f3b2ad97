{{- /* The label app.kubernetes.io/name, by which selectors find the pods. */ -}}
{{- define "issuer.name" -}}
{{- .Values.nameOverride | default .Chart.Name -}}
{{- end -}}

{{- /* What the name of each object begins with. */ -}}
{{- define "issuer.fullname" -}}
{{- .Values.fullnameOverride | default (include "issuer.name" .) -}}
{{- end -}}

{{- /* The labels of objects and pods. Selectors have the first alone, since they cannot change in an upgrade. */ -}}
{{- define "issuer.labels" -}}
app.kubernetes.io/name: {{ include "issuer.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- /* The Secret with the certificate that serves the metrics; empty if the manager makes a certificate of its own. */ -}}
{{- define "issuer.metricsSecret" -}}
{{- with .Values.metrics -}}
{{- if and .enabled (or .certificate.secretName .certificate.issuerRef) -}}
{{- .certificate.secretName | default (printf "%s-metrics-certificate" (include "issuer.fullname" $)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The name by which clients in the cluster reach the metrics. */ -}}
{{- define "issuer.metricsHost" -}}
{{- include "issuer.fullname" . }}-metrics.{{ .Release.Namespace }}.svc
{{- end -}}
