{{- define "crossbook.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: the longest name made from it must stay within 63, a CronJob's within 52. */}}
{{- define "crossbook.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* (root, component): what a selector may use, and what never changes in a release's life. */}}
{{- define "crossbook.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "crossbook.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* (root, component) */}}
{{- define "crossbook.labels" -}}
{{- $root := index . 0 -}}
{{ include "crossbook.selector" . }}
app.kubernetes.io/part-of: crossbook
app.kubernetes.io/version: {{ default $root.Chart.AppVersion $root.Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of pods: nothing that changes with the chart's version alone, for that would restart every worker. */}}
{{- define "crossbook.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "crossbook.selector" . }}
app.kubernetes.io/part-of: crossbook
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "crossbook.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "crossbook.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "crossbook.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "crossbook.secret" -}}
{{- default (include "crossbook.fullname" .) .Values.secrets.name -}}
{{- end -}}

{{/* Enabled workers by name, each with the defaults under its own values. */}}
{{- define "crossbook.workers" -}}
{{- $found := dict -}}
{{- range $name, $own := .Values.workers -}}
{{- $worker := mergeOverwrite (deepCopy $.Values.workerDefaults) (deepCopy $own) -}}
{{- if $worker.enabled -}}
{{- $_ := set $found $name $worker -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{/* Stage -> the channels it consumes: app/topology; a test compares the two. */}}
{{- define "crossbook.channels" -}}
decide: [market_data]
execute: [trade_orders]
account: [order_books, opportunities, trade_orders, trade_results, dead_letters, invalid_messages]
{{- end -}}

{{/* (root, stage, worker): a list; a decide worker may be on a channel of its own. */}}
{{- define "crossbook.consumed" -}}
{{- $worker := index . 2 -}}
{{- if and (eq (index . 1) "decide") $worker.decideSource -}}
{{- list $worker.decideSource | toYaml -}}
{{- else -}}
{{- get (include "crossbook.channels" (index . 0) | fromYaml) (index . 1) | toYaml -}}
{{- end -}}
{{- end -}}

{{/* (root, stage, worker): the consumer group, as app/engine/worker.py names it. */}}
{{- define "crossbook.group" -}}
{{- $worker := index . 2 -}}
{{- $source := default "market_data" $worker.decideSource -}}
{{- printf "%s.%s" (index . 0).Values.settings.namespace (index . 1) -}}
{{- if and (eq (index . 1) "decide") (ne $source "market_data") -}}.{{ $source }}{{- end -}}
{{- end -}}

{{/* ---- Kafka, by URL or Strimzi's ---- */}}

{{- define "crossbook.strimziCluster" -}}
{{ include "crossbook.fullname" . }}-kafka
{{- end -}}

{{- define "crossbook.kafkaUser" -}}
{{ include "crossbook.fullname" . }}-worker
{{- end -}}

{{/* v1 came with Strimzi 0.49 and is all there is now; a cluster that serves only the older one is given that. */}}
{{- define "crossbook.strimziApi" -}}
{{- if and (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1beta2") (not (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1")) -}}
kafka.strimzi.io/v1beta2
{{- else -}}
kafka.strimzi.io/v1
{{- end -}}
{{- end -}}

{{/* Everything that a client must know, one shape for both ways. */}}
{{- define "crossbook.kafka" -}}
{{- if .Values.kafka.strimzi.enabled -}}
url: kafka://{{ include "crossbook.strimziCluster" . }}-kafka-bootstrap.{{ .Release.Namespace }}.svc:9093
protocol: SASL_SSL
mechanism: SCRAM-SHA-512
username: {{ include "crossbook.kafkaUser" . }}
passwordSecret: {{ include "crossbook.kafkaUser" . }}
passwordKey: password
caSecret: {{ include "crossbook.strimziCluster" . }}-cluster-ca-cert
caKey: ca.crt
{{- else -}}
url: {{ .Values.kafka.url | quote }}
protocol: {{ .Values.kafka.securityProtocol }}
mechanism: {{ .Values.kafka.saslMechanism }}
username: {{ .Values.kafka.username | quote }}
passwordSecret: {{ include "crossbook.secret" . }}
passwordKey: {{ .Values.secrets.keys.brokerPassword }}
caSecret: {{ .Values.kafka.ca.secretName | quote }}
caKey: {{ .Values.kafka.ca.key }}
{{- end -}}
{{- end -}}

{{/* ---- what every pod has ---- */}}

{{- define "crossbook.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.securityContext.runAsUser | int64 }}
runAsGroup: {{ .Values.securityContext.runAsGroup | int64 }}
fsGroup: {{ .Values.securityContext.fsGroup | int64 }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "crossbook.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The top of every pod's spec. enableServiceLinks: a Service of ours named crossbook-metrics would be announced as
CROSSBOOK_METRICS_PORT=tcp://..., and its like, which are settings of ours. */}}
{{- define "crossbook.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "crossbook.podSecurity" . | nindent 2 }}
{{- end -}}

{{- define "crossbook.container" -}}
image: {{ include "crossbook.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "crossbook.containerSecurity" . | nindent 2 }}
{{- end -}}

{{/* An empty ledger would be SQLite in a folder that goes with the pod: the kubelet stops a pod whose Secret or key is
missing, this one whose value is empty. One line either way. */}}
{{- define "crossbook.command" -}}
command:
  - /bin/sh
  - -ec
  - ': "${CROSSBOOK_LEDGER:?is empty: key {{ .Values.secrets.keys.ledger }} of Secret {{ include "crossbook.secret" . }} holds nothing}"; exec "$@"'
  - crossbook
{{- end -}}

{{- define "crossbook.ledgerEnv" -}}
- name: CROSSBOOK_LEDGER
  valueFrom:
    secretKeyRef:
      name: {{ include "crossbook.secret" . }}
      key: {{ .Values.secrets.keys.ledger }}
{{- end -}}

{{/* Secrets as variables; what is not secret comes with envFrom. */}}
{{- define "crossbook.env" -}}
{{- $kafka := include "crossbook.kafka" . | fromYaml -}}
{{ include "crossbook.ledgerEnv" . }}
{{- if hasPrefix "SASL" $kafka.protocol }}
- name: CROSSBOOK_BROKER_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $kafka.passwordSecret }}
      key: {{ $kafka.passwordKey }}
{{- end }}
{{- range .Values.secrets.env }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "crossbook.secret" $ }}
      key: {{ .key }}
{{- end }}
{{- end -}}

{{- define "crossbook.envFrom" -}}
- configMapRef:
    name: {{ include "crossbook.fullname" . }}-settings
{{- end -}}

{{/* The root is read-only: state lies in home, which Kafka gives again, and /tmp. */}}
{{- define "crossbook.mounts" -}}
{{- $kafka := include "crossbook.kafka" . | fromYaml -}}
- name: home
  mountPath: /var/lib/crossbook
- name: tmp
  mountPath: /tmp
- name: files
  mountPath: /etc/crossbook
  readOnly: true
{{- if $kafka.caSecret }}
- name: broker-ca
  mountPath: /etc/crossbook-broker
  readOnly: true
{{- end }}
{{- end -}}

{{- define "crossbook.volumes" -}}
{{- $kafka := include "crossbook.kafka" . | fromYaml -}}
- name: home
  emptyDir: {}
- name: tmp
  emptyDir: {}
- name: files
  configMap:
    name: {{ include "crossbook.fullname" . }}-files
{{- if $kafka.caSecret }}
- name: broker-ca
  secret:
    secretName: {{ $kafka.caSecret }}
    items:
      - key: {{ $kafka.caKey }}
        path: ca.crt
{{- end }}
{{- end -}}

{{/* What no schema can say, all of it at once. */}}
{{- define "crossbook.validate" -}}
{{- $wrong := list -}}
{{- $workers := include "crossbook.workers" . | fromYaml -}}
{{- $partitions := .Values.settings.partitions | int -}}
{{- if not $workers -}}
{{- $wrong = append $wrong "workers: none is enabled" -}}
{{- end -}}
{{- if and (not .Values.kafka.strimzi.enabled) (not .Values.kafka.url) -}}
{{- $wrong = append $wrong "kafka.url: say where Kafka is, kafka://host:port, or set kafka.strimzi.enabled" -}}
{{- end -}}
{{- if and .Values.kafka.strimzi.enabled .Values.kafka.url -}}
{{- $wrong = append $wrong "kafka.url: Strimzi's resources are made too (kafka.strimzi.enabled); set one of the two" -}}
{{- end -}}
{{- if and (hasPrefix "SASL" .Values.kafka.securityProtocol) (not .Values.kafka.username) -}}
{{- $wrong = append $wrong (printf "kafka.username: is empty, and kafka.securityProtocol is %s" .Values.kafka.securityProtocol) -}}
{{- end -}}
{{- if not .Values.venues -}}
{{- $wrong = append $wrong "venues: no venue profiles; --set-file venues=venues.toml (docs/venues.md)" -}}
{{- end -}}
{{- with .Values.secrets -}}
{{- if and (eq .kind "existing") (not .name) -}}
{{- $wrong = append $wrong (printf "secrets.name: name the Secret whose key %s holds the ledger's URL, or set secrets.kind" .keys.ledger) -}}
{{- end -}}
{{- if and (eq .kind "external") (not .external.store.name) -}}
{{- $wrong = append $wrong "secrets.external.store.name: name the SecretStore" -}}
{{- end -}}
{{- $given := ternary .external.data .sealed.encryptedData (eq .kind "external") -}}
{{- if and (ne .kind "existing") (not (hasKey $given .keys.ledger)) -}}
{{- $wrong = append $wrong (printf "secrets.%s: has no key %s, which is to hold the ledger's URL" (ternary "external.data" "sealed.encryptedData" (eq .kind "external")) .keys.ledger) -}}
{{- end -}}
{{- end -}}
{{- $running := list -}}
{{- range $name, $worker := $workers -}}
{{- if has $name (list "exporter" "kafka" "migrations" "reap" "report" "settings" "test") -}}
{{- $wrong = append $wrong (printf "workers.%s: the name is taken by another part of the chart" $name) -}}
{{- end -}}
{{- $most := ternary $worker.replicas $worker.maxReplicas (eq $.Values.autoscaling.kind "none") | int -}}
{{- if gt $most $partitions -}}
{{- $wrong = append $wrong (printf "workers.%s: %d replicas, and its channels have settings.partitions = %d: the others would idle" $name $most $partitions) -}}
{{- end -}}
{{- if gt ($worker.minReplicas | int) ($worker.maxReplicas | int) -}}
{{- $wrong = append $wrong (printf "workers.%s: minReplicas %d is above maxReplicas %d" $name ($worker.minReplicas | int) ($worker.maxReplicas | int)) -}}
{{- end -}}
{{- if and (eq $.Values.autoscaling.kind "hpa") (lt ($worker.minReplicas | int) 1) -}}
{{- $wrong = append $wrong (printf "workers.%s.minReplicas: 0 needs autoscaling.kind = keda" $name) -}}
{{- end -}}
{{- if and $worker.decideSource (not (has "decide" $worker.stages)) -}}
{{- $wrong = append $wrong (printf "workers.%s.decideSource: it does not run decide" $name) -}}
{{- end -}}
{{- range $worker.stages -}}
{{- $group := ternary (printf "%s from %s" . (default "market_data" $worker.decideSource)) . (eq . "decide") -}}
{{- if has $group $running -}}
{{- $wrong = append $wrong (printf "workers.%s.stages: another worker runs %s too; give that one more replicas" $name $group) -}}
{{- end -}}
{{- $running = append $running $group -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.autoscaling.kind "hpa") (eq (.Values.autoscaling.hpa.cpuPercent | int) 0) (not .Values.autoscaling.hpa.lag.metric) -}}
{{- $wrong = append $wrong "autoscaling.hpa: neither cpuPercent nor lag.metric is set" -}}
{{- end -}}
{{- if and .Values.report.enabled (not .Values.report.existingClaim) (not .Values.report.size) -}}
{{- $wrong = append $wrong "report: set report.existingClaim, or report.size for a claim that the chart makes" -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n  %s" (join "\n  " $wrong)) -}}
{{- end -}}
{{- end -}}
