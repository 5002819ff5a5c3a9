#!/bin/bash
# The JVM that all Spark pipelines of a run share: fetches the jars when they are missing, compiles, runs until it is told to end.
#
#   session.sh        in LAKEPROOF_SESSION appears ready.json once batches can be applied
#
# An archive of class data is kept in build/, which makes a start three times as quick; making it is a run of its own, once.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../../.."
source tests/real/jars.sh
mkdir -p build/pipelines "$LAKEPROOF_SESSION"
fetch_jars spark-3.5.4 "$LAKEPROOF_SESSION/maven.log"
jar=$PWD/build/pipelines/pipelines.jar archive=$PWD/build/pipelines/classes.jsa
compile_java "$jar" scenarios/pipelines/spark/*.java
classpath=$jar:$(spark_classpath)
java=(nice java -Xmx2g "${JVM_OPENS[@]}" -cp "${classpath%:}")
cd "$LAKEPROOF_SESSION"
if [ ! "$archive" -nt "$jar" ]; then
	"${java[@]}" -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit="$archive.$$" PipelineServer "$LAKEPROOF_SESSION/training" train >training.log 2>&1 ||
		{ cat training.log >&2; exit 1; }
	mv "$archive.$$" "$archive"
fi
exec "${java[@]}" -XX:SharedArchiveFile="$archive" -Xshare:auto PipelineServer "$LAKEPROOF_SESSION"
