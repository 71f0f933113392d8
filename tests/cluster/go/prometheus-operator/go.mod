// The Prometheus operator's custom resource definitions, which lie beside its sources; nothing of it is built.
module crossbook/prometheus-operator

go 1.25.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
