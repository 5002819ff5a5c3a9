# jars.sh - where the real counterparts' jars come from and what a JVM that runs Spark needs; sourced in the project's folder by
# tests/real/run.sh and by the Spark pipelines' session.
CACHE=${CACHE:-$PWD/build/cache}

# fetch_jars PROFILE LOG: a profile of pom.xml. Its folder appears only when it is whole.
fetch_jars()
{
	local profile=$1 part=$CACHE/$1.part.$$
	[ -d "$CACHE/$profile" ] && return
	echo "# fetching $profile"
	rm -rf "$part"
	nice mvn -B -q -f tests/real/pom.xml -P "$profile" dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$part" >"$2" 2>&1 || { echo "maven could not fetch $profile, see $2" >&2; return 1; }
	[ -d "$CACHE/$profile" ] && rm -rf "$part" || mv "$part" "$CACHE/$profile"
}

# An explicit list: class data cannot be archived for a wildcard.
spark_classpath() { printf '%s:' "$CACHE"/spark-3.5.4/*.jar; }

# compile_java JAR SOURCES: when one of them is newer.
compile_java()
{
	local jar=$1 part=$1.part.$$ newest
	shift
	newest=$(ls -t "$@" | head -n 1)
	[ "$jar" -nt "$newest" ] && return
	rm -rf "$part"
	mkdir -p "$part"
	javac -Xlint:all,-processing,-path,-classfile,-serial -Werror -d "$part" -cp "$CACHE/spark-3.5.4/*" "$@" || { rm -rf "$part"; return 1; }
	jar --create --file "$part.jar" -C "$part" . && mv "$part.jar" "$jar"
	rm -rf "$part"
}

JVM_OPENS=(-Djdk.reflect.useDirectMethodHandle=false)
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
	java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
	JVM_OPENS+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
