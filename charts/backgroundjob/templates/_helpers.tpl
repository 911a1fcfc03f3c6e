{{- define "backgroundjob.name" -}}
{{ .Values.nameOverride | default .Chart.Name }}
{{- end }}

{{- /* Not made from the release's name: one release per cluster is the rule, and runbooks name these objects. */}}
{{- define "backgroundjob.fullname" -}}
{{ .Values.fullnameOverride | default "backgroundjob" }}
{{- end }}

{{- define "backgroundjob.operatorName" -}}
{{ include "backgroundjob.fullname" . }}-operator
{{- end }}

{{- define "backgroundjob.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "backgroundjob.leaseNamespace" -}}
{{ .Values.leaderElection.namespace | default (include "backgroundjob.namespace" .) }}
{{- end }}

{{- define "backgroundjob.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "backgroundjob.operatorName" .) }}
{{- end }}

{{- define "backgroundjob.operatorSelector" -}}
app.kubernetes.io/name: {{ include "backgroundjob.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "backgroundjob.labels" -}}
{{- $own := dict
      "app.kubernetes.io/name" (include "backgroundjob.name" .)
      "app.kubernetes.io/instance" .Release.Name
      "app.kubernetes.io/version" .Chart.AppVersion
      "app.kubernetes.io/managed-by" .Release.Service
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") }}
{{- toYaml (merge $own .Values.commonLabels) }}
{{- end }}

{{- /* Name and namespace of an object of this release, and its labels. Call with (list $ name) or (list $ name more-labels). */}}
{{- define "backgroundjob.metadata" -}}
{{- $root := first . -}}
{{- $more := gt (len .) 2 | ternary (last .) dict -}}
name: {{ index . 1 }}
namespace: {{ include "backgroundjob.namespace" $root | quote }}
labels:
  {{- toYaml (merge (include "backgroundjob.labels" $root | fromYaml) $more) | nindent 2 }}
{{- end }}

{{- define "backgroundjob.image" -}}
{{- with .Values.image -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- /*
A key of a ConfigMap and its value: text as it is, anything else as YAML, ending in one line end.
Call with (list key value).
*/}}
{{- define "backgroundjob.entry" -}}
{{- $value := last . -}}
{{- $text := kindIs "string" $value | ternary $value (toYaml $value) -}}
{{- toYaml (dict (first .) (printf "%s\n" (regexReplaceAll "\\s+$" $text ""))) -}}
{{- end }}

{{- /* A JSON list: namespaces that get the runner's ServiceAccount. */}}
{{- define "backgroundjob.runnerNamespaces" -}}
{{- with .Values.runner.serviceAccount -}}
{{ if .create }}{{ .namespaces | default $.Values.watchNamespaces | toJson }}{{ else }}[]{{ end }}
{{- end -}}
{{- end }}

{{- /* Where `helm test` runs its job: where the runner's ServiceAccount is and the operator looks. */}}
{{- define "backgroundjob.testNamespace" -}}
{{- $runner := include "backgroundjob.runnerNamespaces" . | fromJsonArray -}}
{{- $candidates := $runner | default .Values.watchNamespaces -}}
{{- if and $runner .Values.watchNamespaces -}}
{{- $candidates = list -}}
{{- range $runner }}{{ if has . $.Values.watchNamespaces }}{{ $candidates = append $candidates . }}{{ end }}{{ end -}}
{{- end -}}
{{ .Values.test.namespace | default (first $candidates) | default (include "backgroundjob.namespace" .) }}
{{- end }}

{{- define "backgroundjob.testIsRendered" -}}
{{ if and .Values.test.enabled .Values.operator.enabled }}true{{ end }}
{{- end }}
