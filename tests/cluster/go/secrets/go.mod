// The definitions of External Secrets and Sealed Secrets, which make the Secret of a release; nothing of them is built.
module crossbook/secrets

go 1.25.0

require (
	github.com/bitnami-labs/sealed-secrets v0.40.0
	github.com/external-secrets/external-secrets v1.3.2
)
