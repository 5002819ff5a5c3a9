#!/bin/bash
# The JVM that all Spark pipelines of a run share: fetches the jars when they are missing, compiles, runs until it is told to end.
#
#   session.sh            in LAKEPROOF_SESSION appears ready.json once batches can be applied
#   session.sh archive    keeps class data in build/pipelines, with which every later start is quicker, until sources change
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../../.."
source tests/real/jars.sh
folder=${LAKEPROOF_SESSION:-$PWD/build/pipelines/training}
mkdir -p build/pipelines "$folder"
fetch_jars spark-3.5.4 "$folder/maven.log"
jar=$PWD/build/pipelines/pipelines.jar archive=$PWD/build/pipelines/classes.jsa
compile_java "$jar" scenarios/pipelines/spark/*.java
classpath=$jar:$(spark_classpath)
java=(nice java -Xmx2g -XX:TieredStopAtLevel=1 "${JVM_OPENS[@]}" -cp "${classpath%:}")
cd "$folder"
if [ "${1:-}" = archive ]; then
	"${java[@]}" -XX:ArchiveClassesAtExit="$archive.$$" PipelineServer "$folder" train
	mv "$archive.$$" "$archive"
	exit 0
fi
[ "$archive" -nt "$jar" ] && java+=(-XX:SharedArchiveFile="$archive" -Xshare:auto)
exec "${java[@]}" PipelineServer "$folder"
