#!/bin/bash
# One step of a Spark pipeline: asks the session's JVM for it.
#
#   step.sh setup|apply NAME [--bug VARIANT]     in the environment that `lakeproof run` gives a step
#
# The variant reaches the JVM in batch.json; its words are there for whoever reads the process list. Exit 0 when applied, 1 when the
# pipeline says no, with the error on standard error, 126 when it was not even asked. Where it dies at a named moment this dies of
# SIGKILL.
set -euo pipefail
port=$(sed 's/[^0-9]//g' "$LAKEPROOF_SESSION/ready.json") || exit 126
answer=$(mktemp) || exit 126
trap 'rm -f "$answer"' EXIT
status=$(curl -sS -o "$answer" -w '%{http_code}' -X POST -H 'Expect:' -H 'Content-Type: application/json' \
	--data-binary "@$LAKEPROOF_BATCH_JSON" "http://127.0.0.1:$port/$1?$2") || exit 126
[ "$status" = 200 ] && exit 0
cat "$answer" >&2
if [ "$status" = 410 ]; then
	rm -f "$answer"
	kill -KILL $$
fi
[ "$status" = 500 ] || exit 126
exit 1
