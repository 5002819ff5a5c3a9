#!/bin/bash
# Holds lakeproof against the real counterparts: Spark 3.5.4 with Delta 3.3.3, DynamoDB Local 2.6.1, ion-java 1.11.9.
#
#   tests/real/run.sh              every suite; ends with "N passed, N failed"
#   tests/real/run.sh tables       only tests/real/tables.t
#   ONLY="merge types" tests/real/run.sh tables     only those tables
#
# Fetches what is missing into build/cache (by Maven, pinned in pom.xml) and works in build/real. Needs build/lakeproof and
# build/lakeproof-pipeline; BUILD says where they are when not in build.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."
export BUILD=${BUILD:-build} CACHE=$PWD/build/cache REAL=$PWD/${BUILD:-build}/real
source tests/real/jars.sh
SPARK_SOURCES=tests/real/driver/SparkServer.java
started=()

fail()
{
	echo "not ok - $*"
	echo "0 passed, 1 failed"
	exit 1
}

# Which Debian packages are missing is known by the commands they bring.
install_packages()
{
	local packages=() pair
	for pair in chromium:chromium javac:openjdk-17-jdk-headless mvn:maven jq:jq curl:curl openssl:openssl sqlite3:sqlite3; do
		command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
	done
	[ ${#packages[@]} -eq 0 ] && return
	[ "$(id -u)" -eq 0 ] || fail "missing packages; run: apt-get install --no-install-recommends ${packages[*]}"
	echo "# installing ${packages[*]}"
	apt-get install -y -q --no-install-recommends "${packages[@]}" >"$REAL/apt.log" 2>&1 ||
		fail "apt-get could not install ${packages[*]}, see $REAL/apt.log"
}

fetch() { fetch_jars "$1" "$REAL/maven.log" || fail "maven could not fetch $1"; }

wait_for()
{
	local what=$1 pid=$2 log=$3 waited=0
	shift 3
	until "$@" >/dev/null 2>&1; do
		kill -0 "$pid" 2>/dev/null || fail "$what did not start, see $log"
		[ $((waited += 1)) -lt 600 ] || fail "$what was not up within two minutes, see $log"
		sleep 0.2
	done
}

start_spark()
{
	mkdir -p "$REAL/classes"
	javac -d "$REAL/classes" -cp "$CACHE/spark-3.5.4/*" $SPARK_SOURCES || fail "the Spark driver does not compile"
	rm -f "$REAL/spark.port"
	nice java -Xmx2g -XX:TieredStopAtLevel=1 "${JVM_OPENS[@]}" \
		-cp "$REAL/classes:$CACHE/spark-3.5.4/*" SparkServer "$REAL/warehouse" "$REAL/spark.port" >"$REAL/spark.log" 2>&1 &
	started+=($!)
	wait_for Spark $! "$REAL/spark.log" test -s "$REAL/spark.port"
	SPARK=http://127.0.0.1:$(cat "$REAL/spark.port")
	export SPARK
}

# The C programs of these suites link what `make` left in BUILD.
build_program()
{
	${CC:-gcc} -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -c -o "$REAL/$1.o" "tests/real/$1.c" &&
		${CXX:-g++} -pthread -Wl,--gc-sections -Wl,--exclude-libs,ALL -o "$REAL/$1" "$REAL/$1.o" \
			"$BUILD"/lib/{reconcile,sources,base}.a build/bridge/release/liblakeproof_bridge.a \
			-lsimdjson -licui18n -licuuc -lisal -lcrypto -lsqlite3 -lyaml -lxxhash -lz -ldl -lm || fail "tests/real/$1.c does not build"
}

stop()
{
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}
trap stop EXIT
trap 'exit 130' INT TERM

rm -rf "$REAL"
mkdir -p "$REAL" "$CACHE"
install_packages
# Copies, so that a build going on at the same time does no harm.
for program in lakeproof lakeproof-pipeline; do
	cp "$BUILD/$program" "$REAL/$program" || fail "$BUILD/$program is not there: make"
done
fetch spark-3.5.4
fetch dynamodb-local
fetch ion-java
build_program digest_sql
build_program ion_json
echo "# starting Spark"
start_spark
suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(tables digest pipeline formats ion records dynamodb scenarios rendering)
suites=("${suites[@]/#/tests/real/}")
tests/run "${suites[@]/%/.t}"
