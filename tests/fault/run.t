#!/usr/bin/perl
# Every call that can fail is made to fail once: allocations, reads, writes, opens and the like (inject.c), one a run. A
# run that is hit must end by itself in a documented exit code with an error on stderr and no verdict on stdout, or in
# what it would have said anyway. The next run without a fault must say what it would have said had there been none, and
# the state must hold the same facts.
#
#   tests/fault/run.t                 a few points of each suite, for `make check`
#   tests/fault/run.t --all           every point
#   tests/fault/run.t [--all] TEXT... only suites whose name holds one of the texts
#
# A failure names the INJECT=... that brings it about again, and with `addr2line -ife` the call that failed.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(remove_tree make_path);
use File::Temp qw(tempdir);
use JSON::PP;
use POSIX ();

$ENV{TZ} = "UTC";
my $all = @ARGV && $ARGV[0] eq "--all" ? shift : $ENV{FAULT_ALL};
my @wanted = @ARGV;
my $root = abs_path(dirname(abs_path($0)) . "/../..");
my $build = abs_path($ENV{BUILD} // "$root/build");
my ($program, $real, $pipeline) = ("$build/tests/fault/lakeproof", "$build/lakeproof", "$build/lakeproof-pipeline");
my $workers = 2;
my $patience = 60; # seconds, for a run that takes a few hundredths
my $lines_max = 20; # of what is wrong in a suite
my $scratch = tempdir("lakeproof-fault-XXXXXX", TMPDIR => 1, CLEANUP => 0);
my $owner = $$;
END { chdir("/") and remove_tree($scratch) if defined $owner && $$ == $owner }
chdir($scratch) or die "cannot enter $scratch: $!\n";

my @kinds = qw(alloc thread open list stat read map lock write truncate sync unlink rename mkdir change);
my %documented = map { $_ => 1 } (64, 65, 70, 74);

# ---- running

sub slurp
{
	my ($file) = @_;
	open(my $handle, "<:raw", $file) or return "";
	local $/ = undef;
	return <$handle> // "";
}

# {status, signal, out, err, struck, caller, calls} of a run; `inject` is empty for none.
sub run
{
	my ($place, $inject, $stdout, @command) = @_;
	my $pid = fork() // die "cannot fork: $!\n";
	if ($pid == 0) {
		$ENV{INJECT_LOG} = "$place/log";
		$ENV{INJECT} = $inject if $inject ne "";
		open(STDIN, "<", "/dev/null");
		$stdout eq "-" ? close(STDOUT) : open(STDOUT, ">", $stdout);
		open(STDERR, ">", "$place/err");
		exec(@command) or POSIX::_exit(98);
	}
	my $late = 0;
	local $SIG{ALRM} = sub { $late = 1; kill("KILL", $pid) };
	alarm($patience);
	waitpid($pid, 0);
	my $status = $?;
	alarm(0);
	my ($struck, $caller, @calls) = unpack("Q*", slurp("$place/log"));
	my %calls;
	@calls{@kinds} = @calls;
	return {
		status => $status >> 8, signal => $status & 127, late => $late, struck => $struck // 0,
		caller => sprintf("%#x", $caller // 0), calls => \%calls, err => slurp("$place/err"),
		out => -f $stdout ? slurp($stdout) : "",
	};
}

sub must
{
	my @command = @_;
	system { $command[0] } @command and die "@command: failed\n";
}

# What is the same whether files were read just now or in an earlier run.
sub settled
{
	my ($text) = @_;
	$text =~ s/"files_read":\d+,"files_unchanged":\d+/FILES/g;
	$text =~ s/\d+ files read, \d+ unchanged/FILES/g;
	$text =~ s{\Q$scratch\E/worker\d+}{PLACE}g;
	$text =~ s{"run":"[^"]*"}{"run":""};
	return $text;
}

# ---- the data: a table whose lake is right, and one whose lake is not

open(my $silence, ">&", \*STDOUT);
open(STDOUT, ">", "/dev/null");
for my $name ("good", "bad") {
	must($real, "generate", $name, "--quiet", qw(--items 30 --changes 40 --seed 11 --shards 1 --records-per-file 8),
		qw(--batch-window 1d --skew 0));
	my ($export) = glob("$name/AWSDynamoDB/*-*");
	must($pipeline, "--quiet", "--batch", 100, "--table", "$name/lake", "--columns", "$name/columns.txt",
		"--export", $export, "--events", "$name/events",
		$name eq "bad" ? qw(--bug drops-remove --bug lists-reversed) : ());
}
open(STDOUT, ">&", $silence);

# A key that the bad lake holds wrongly.
my $key = (`$real sql bad/contract.yaml --quiet --state key "SELECT key FROM item WHERE class <> 'equal' LIMIT 1"`
	=~ /\n(\{.*\})/)[0] or die "the planted bugs show in no key\n";
my @facts = ("sql", "@", "--quiet", "--jobs", 1, "SELECT key, kind, state, image, row, before_image, sequence, time,"
	. " source, record, offset FROM fact ORDER BY key_hash, kind, source, record; SELECT kind, path, complete, records,"
	. " unreadable, facts FROM source ORDER BY path");

# name, folder, whether state is there before, arguments with @ for the contract
my @verbs = (
	["reconcile of a good lake", "good", 0, "reconcile", "@"],
	["reconcile of a bad lake", "bad", 0, "reconcile", "@", "--format", "json", "--findings", "all"],
	["reconcile with state", "bad", 1, "reconcile", "@", "--format", "json"],
	["merge", "good", 0, "merge", "@"],
	["merge with the reference", "good", 1, "merge", "@", "--reference", "--format", "json"],
	["count", "bad", 0, "count", "@"],
	["explain", "bad", 1, "explain", "@", $key],
	["sql", "bad", 1, "sql", "@", "SELECT * FROM item ORDER BY key_hash"],
	["check", "good", 0, "check", "@"],
	["init", "good", 0, qw(init --output - --lake good/lake good/AWSDynamoDB good/events)],
	["generate", "", 0, "generate", "GENERATED", "--quiet", qw(--items 5 --changes 8 --seed 3 --gzip)],
);

# kind, way to fail, and how many points a short run takes, evenly spread
my @ways = (
	["alloc", "ENOMEM", 40], ["thread", "EAGAIN", 4], ["open", "EMFILE", 8], ["list", "EIO", 4], ["stat", "EIO", 6],
	["read", "EIO", 10], ["read", "short", 4], ["read", "EINTR", 4], ["map", "ENOMEM", 2], ["lock", "EIO", 4],
	["write", "EIO", 8], ["write", "short", 4], ["write+", "ENOSPC", 6], ["truncate", "EIO", 4], ["sync", "EIO", 4],
	["unlink", "EIO", 4], ["rename", "EIO", 4], ["mkdir", "EACCES", 4], ["change", "kill", 10],
);

sub command
{
	my ($place, $verb) = @_;
	my ($name, $folder, $with_state, @arguments) = @$verb;
	s{^\@$}{$folder/contract.yaml}, s{^GENERATED$}{$place/made} for @arguments;
	return ($program, @arguments) if $arguments[0] =~ /^(?:generate|check|init)$/;
	return ($program, @arguments, "--state", "$place/state", "--jobs", 1);
}

sub facts
{
	my ($place, $verb, $program) = @_;
	return `cd '$place/made' && find . -type f ! -name truth.sqlite -exec cksum {} + | sort` if $verb->[0] eq "generate";
	return "" if $verb->[0] =~ /^(?:check|init)$/;
	my @arguments = map { $_ eq "@" ? "$verb->[1]/contract.yaml" : $_ } @facts;
	return run($place, "", "$place/facts", $real, @arguments, "--state", "$place/state")->{out};
}

# The place as it is before each run.
sub reset_place
{
	my ($place, $verb) = @_;
	remove_tree("$place/state", "$place/made");
	return if !$verb->[2];
	must("cp", "-r", "state-$verb->[1]", "$place/state");
}

# ---- judging

# A report without members of its findings, such as the values that are read again: a finding stands without them.
sub without
{
	my ($text, @members) = @_;
	my $report = eval { decode_json(settled($text)) } // return "";
	delete @{$_}{@members} for @{ $report->{findings} // [] };
	return JSON::PP->new->canonical->encode($report);
}

# Whether what cannot be read again is left out, and said to be.
sub lacks_values
{
	my ($result, $base, $verb) = @_;
	return 0 if $result->{status} != $base->{status} || $result->{err} !~ /^note: values are not shown: \S/m;
	my @values = qw(columns columns_more);
	return without($result->{out}, @values) eq without($base->{out}, @values) if $base->{out} =~ /^\{/;
	return $verb eq "explain";
}

# What is wrong with a run that was hit, or undef.
sub complaint
{
	my ($result, $base, $kind, $way, $verb) = @_;
	return "it did not end within $patience s" if $result->{late};
	return $result->{signal} == 9 ? undef : "the process was to be killed" if $way eq "kill";
	return "it died of signal $result->{signal}: $result->{err}" if $result->{signal};
	return if $result->{status} == $base->{status} && settled($result->{out}) eq settled($base->{out});
	my $told = "exit $result->{status}, stderr: $result->{err}";
	# Rust's object store does not retry, but says so in its own words; there are no signal handlers to interrupt it.
	my $is_rust = $way eq "EINTR" && "$result->{out}$result->{err}" =~ /Interrupted system call \(os error 4\)/;
	return "a fault that is to be retried was not: $told" if $way =~ /^(?:short|EINTR)$/ && !$is_rust;
	my $spares_memory = $kind !~ /^(?:alloc|thread)$/;
	return if $spares_memory && lacks_values($result, $base, $verb);
	# A file that could not be looked at is read again, and comes last among those that deliver the same change.
	return if $kind eq "stat" && $result->{status} == $base->{status} && $base->{out} =~ /^\{/
		&& without($result->{out}, "records") eq without($base->{out}, "records");
	return if $kind eq "stat" && $result->{status} == $base->{status} && $verb eq "explain"
		&& join("", sort(split(/^/m, $result->{out}))) eq join("", sort(split(/^/m, $base->{out})));
	return if $spares_memory && $result->{status} == $base->{status}
		&& settled($result->{out}) eq settled($base->{out});
	return if $spares_memory && $verb eq "check" && $result->{status} == 1 && $result->{out} =~ /^problem /m;
	return if $spares_memory && $verb eq "init" && $result->{out} =~ /^ +# CHOOSE: \d+ (?:record or file|records or files) could not be read/m;
	# What merge and count read is not whole then, and they say so; neither gives a verdict.
	return if $spares_memory && $verb =~ /^(?:merge|count)/ && $result->{err} =~ /^record\.unreadable: \S.*cannot open/m
		&& ($verb eq "count" ? $result->{status} == 2 : $result->{status} == 0);
	return "another verdict: $told" if $result->{status} < 2;
	# What cannot be read may be a hole in the evidence instead of an error: that is what UNKNOWN is for.
	return if $result->{status} == 2 && $result->{out} =~ /UNKNOWN/ && $spares_memory;
	return "no documented exit code: $told" if !$documented{ $result->{status} };
	return "no error: $told" if $result->{err} !~ /^lakeproof[^:]*: \S.*\n/m;
	return "something was said on stdout before: $told" if $result->{out} ne "" && $verb !~ /^(?:explain|sql|check|init|generate)$/;
	my $right = $spares_memory ? 74 : 70;
	return "exit code $right was due: $told" if $result->{status} != $right && !($right == 74 && $result->{status} == 65);
	return;
}

# Whether a later run says the same. A file that was read again comes last among those that deliver the same change, so
# that another of them may be named; the facts are the same then.
sub same_again
{
	my ($result, $base, $place, $verb) = @_;
	return 0 if $result->{status} != $base->{status};
	return 1 if settled($result->{out}) eq settled($base->{out});
	return $base->{out} =~ /^\{/ && without($result->{out}, "records") eq without($base->{out}, "records")
		&& facts($place, $verb) eq $base->{facts};
}

# Points from $from on, every $step; stops where the run makes no such call.
sub inject_every
{
	my ($place, $verb, $base, $way, $from, $step, $report) = @_;
	my ($kind, $how) = @$way;
	my ($bare, $plus) = $kind =~ /^([a-z]+)(\+?)$/;
	my ($done, $number) = (0, $from);
	for (;; $number += $step) {
		reset_place($place, $verb);
		my $inject = "$bare:$number$plus:$how";
		my @command = command($place, $verb);
		my $hit = run($place, $inject, "$place/out", @command);
		# Threads may share the calls out otherwise, so a few fewer are no end.
		last if !$hit->{struck} && $number > $base->{calls}{$bare};
		next if !$hit->{struck};
		$done++;
		my $wrong = complaint($hit, $base, $bare, $how, $verb->[0]);
		my $next = run($place, "", "$place/out", @command);
		$wrong //= "the next run says something else: exit $next->{status}, signal $next->{signal}, $next->{err}"
			. substr($next->{out}, 0, 300)
			if !same_again($next, $base, $place, $verb);
		$wrong //= "the state holds something else afterwards"
			if $bare =~ /^(?:write|truncate|sync|unlink|rename|mkdir|change)$/ || $done % 10 == 0
			and facts($place, $verb) ne $base->{facts};
		next if !defined $wrong;
		my $text = "INJECT=$inject @command\n  called from $hit->{caller}: $wrong";
		print $report join("\n  ", "F $text" =~ m{^(.+?)\s*$}mg), "\n";
	}
	print $report "N $done\n";
}

# ---- the suites

my ($points, $possible, $tests, $failed) = (0, 0, 0, 0);

sub point
{
	my ($sentence, @problems) = @_;
	$tests++;
	$failed++ if @problems;
	print @problems ? "not ok" : "ok", " $tests - $sentence\n";
	my $shown = @problems > $lines_max ? $lines_max : @problems;
	print map { "# " . substr($_, 0, 600) . "\n" } @problems[0 .. $shown - 1];
	printf "# and %d lines more\n", @problems - $shown if @problems > $shown;
}

sub suite
{
	my ($verb, $base, $way) = @_;
	my ($kind, $how, $few) = @$way;
	my $calls = $base->{calls}{ $kind =~ s/\+//r };
	my $stride = $all || $calls <= $few ? 1 : POSIX::ceil($calls / $few) | 1;
	my @pids;
	for my $worker (0 .. $workers - 1) {
		my $pid = fork() // die "cannot fork: $!\n";
		if ($pid == 0) {
			my $place = "$scratch/worker$worker";
			make_path($place);
			open(my $report, ">", "$scratch/report$worker") or die "cannot report: $!\n";
			inject_every($place, $verb, $base, $way, 1 + $worker * $stride, $workers * $stride, $report);
			close($report);
			POSIX::_exit(0);
		}
		push @pids, $pid;
	}
	waitpid($_, 0) for @pids;
	my $text = join("", map { slurp("$scratch/report$_") } 0 .. $workers - 1);
	my ($done, @problems) = (0);
	for my $line (split(/\n/, $text)) {
		$done += $1, next if $line =~ /^N (\d+)$/;
		push @problems, $line;
	}
	push @problems, "a worker did not finish" if (() = $text =~ /^N /mg) != $workers;
	$points += $done;
	return ($done, @problems);
}

for my $folder ("good", "bad") {
	must("sh", "-c", "'$real' merge $folder/contract.yaml --quiet --state state-$folder >/dev/null");
	run($scratch, "", "/dev/null", $real, "reconcile", "$folder/contract.yaml", "--quiet", "--state", "state-$folder");
}
for my $verb (@verbs) {
	my $base;
	my $place = "$scratch/worker0";
	for my $way (@ways) {
		my ($kind, $how) = @$way;
		my $name = "$verb->[0], $kind $how";
		next if @wanted && !grep { index($name, $_) >= 0 } @wanted;
		if (!$base) {
			make_path($place);
			reset_place($place, $verb);
			$base = run($place, "", "$place/out", command($place, $verb));
			die "$verb->[0] fails by itself: $base->{err}\n" if $base->{status} > 1;
			$base->{facts} = facts($place, $verb);
			die "$verb->[0]: its facts cannot be told\n" if $base->{facts} eq "" && $verb->[0] !~ /^(?:check|init)$/;
		}
		my ($done, @problems) = suite($verb, $base, $way);
		$possible += $base->{calls}{ $kind =~ s{\+}{}r };
		next if !$done && !@problems;
		point("$verb->[0]: $done points of $kind $how", @problems);
	}
}
# ---- a stdout that takes nothing: what could not be said is no verdict

for my $verb (@verbs) {
	my $name = "$verb->[0], stdout";
	next if @wanted && !grep { index($name, $_) >= 0 } @wanted;
	my $place = "$scratch/worker0";
	my @problems;
	make_path($place);
	for my $stdout ("/dev/full", "-") {
		my @command = command($place, $verb);
		reset_place($place, $verb);
		my $result = run($place, "", $stdout, @command);
		$points++, $possible++;
		push @problems, "stdout $stdout: exit $result->{status}, signal $result->{signal}, $result->{err}"
			if $result->{signal} || $result->{status} != 74 || $result->{err} !~ /^lakeproof/m;
		next if $verb->[0] =~ /^(?:generate|check|init)/;
		my $next = run($place, "", "$place/out", @command);
		push @problems, "after stdout $stdout: exit $next->{status}, $next->{err}" if $next->{status} > 1;
	}
	point("$verb->[0]: a stdout that takes nothing is exit 74", @problems);
}

printf "# %d points injected of %d\n", $points, $possible;
print "1..$tests\n";
exit($failed ? 1 : 0);
