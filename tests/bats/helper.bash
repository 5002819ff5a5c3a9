# What the command-line tests share. LAKEPROOF and PIPELINE are the programs; every test file works in its own folder.
LAKEPROOF=${BUILD:-$BATS_TEST_DIRNAME/../../build}/lakeproof
PIPELINE=${BUILD:-$BATS_TEST_DIRNAME/../../build}/lakeproof-pipeline
case $LAKEPROOF in /*) ;; *) LAKEPROOF=$PWD/$LAKEPROOF PIPELINE=$PWD/$PIPELINE ;; esac
export TZ=UTC LC_ALL=C

# generate DIR [options]: a small history.
generate() {
	local dir=$1
	shift
	"$LAKEPROOF" generate "$dir" --quiet "$@" >/dev/null
}

# copy_history FROM TO: the landed files without lake and state.
copy_history() {
	mkdir -p "$2"
	cp -r "$1"/AWSDynamoDB "$1"/events "$1"/contract.yaml "$1"/columns.txt "$2"/
}

# pipe DIR [options]: the embedded pipeline over a generated folder.
pipe() {
	local dir=$1 export
	shift
	export=$(ls -d "$dir"/AWSDynamoDB/*-* | head -n 1)
	"$PIPELINE" --quiet --table "$dir/lake" --columns "$dir/columns.txt" --export "$export" --events "$dir/events" "$@"
}

# reconcile DIR [options]: JSON into $json, exit code into $status.
reconcile() {
	local dir=$1
	shift
	status=0
	json=$("$LAKEPROOF" reconcile "$dir/contract.yaml" --quiet --format json "$@") || status=$?
}

# field JQ: of the last report.
field() {
	jq -r "$1" <<<"$json"
}

# The ids found, sorted, on one line.
ids() {
	field '.findings_by_id | keys | sort | join(" ")'
}
