{{- define "backgroundjob.labels" -}}
app.kubernetes.io/name: backgroundjob
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "backgroundjob.operatorSelector" -}}
app.kubernetes.io/name: backgroundjob
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "backgroundjob.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
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
