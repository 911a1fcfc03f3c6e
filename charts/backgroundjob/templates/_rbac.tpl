{{- /* All that the operator does with jobs, in the cluster or in each watched namespace. */}}
{{- define "backgroundjob.operatorRules" -}}
# Deletes what is past its ttlSecondsAfterFinished; never creates or changes a spec.
- apiGroups: [backgroundjob.dev]
  resources: [backgroundjobs]
  verbs: [get, list, watch, delete]
- apiGroups: [backgroundjob.dev]
  resources: [backgroundjobs/status]
  verbs: [get, update, patch]
# blockOwnerDeletion on a Job's owner reference, where OwnerReferencesPermissionEnforcement is on.
- apiGroups: [backgroundjob.dev]
  resources: [backgroundjobs/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# Pods are read for their endings and go with their Job.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{- define "backgroundjob.operatorSubjects" -}}
- kind: ServiceAccount
  name: {{ include "backgroundjob.serviceAccountName" . }}
  namespace: {{ include "backgroundjob.namespace" . | quote }}
{{- end }}

{{- /* A RoleBinding of the operator to the Role of the same name. Call with (list $ name namespace). */}}
{{- define "backgroundjob.operatorRoleBinding" -}}
{{- $root := first . -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ index . 1 }}
  namespace: {{ last . | quote }}
  labels:
    {{- include "backgroundjob.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ index . 1 }}
subjects:
  {{- include "backgroundjob.operatorSubjects" $root | nindent 2 }}
{{- end }}
