#!/usr/bin/perl
# The HTML report of a real run in a real browser: no errors, no request but the file, every cell reached by the Tab key
# and opened by Enter, nothing wider than a narrow window, colours that can be told from what is behind them, in print
# too. Chromium is spoken to over its own pipe (--remote-debugging-pipe), so the page is as readers get it.
#
#   REPORT=FILE tests/real/rendering.t     over a report that is there already
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX ();

chdir(dirname(abs_path($0)) . "/../..") or die "cannot enter the project's folder: $!\n";
$| = 1;
my $points = 0;
my $failures = 0;
my $scratch = tempdir("lakeproof-rendering-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my ($chromium, $to, $from);

sub ok
{
	my ($good, $sentence, @why) = @_;
	$points++;
	$failures++ if !$good;
	print $good ? "ok" : "not ok", " $points - $sentence\n";
	print "# $_\n" for $good ? () : @why;
	return $good;
}

# The browser and what it started are one group; it is given a few seconds to end by itself.
sub finish
{
	if ($chromium) {
		kill("TERM", -$chromium);
		for (1 .. 50) {
			last if waitpid($chromium, POSIX::WNOHANG()) != 0;
			select(undef, undef, undef, 0.1);
		}
		kill("KILL", -$chromium);
		waitpid($chromium, 0);
	}
	print "1..$points\n";
	exit($failures ? 1 : 0);
}

sub give_up { ok(0, @_); finish() }

# ---- a real run, in which pipelines hold and break

sub real_report
{
	return $ENV{REPORT} if defined $ENV{REPORT};
	my $program = ($ENV{REAL} // $ENV{BUILD} // "build") . "/lakeproof";
	$program = ($ENV{BUILD} // "build") . "/lakeproof" if !-x $program;
	my @words = ($program, "run", "deletes/remove-ignored", "order/ties-within-a-second", "--pipeline",
		"embedded,embedded+drops-remove,embedded+append-only,embedded+seconds-tie,embedded+inserts-only", "--runs", "$scratch/runs", "--quiet",
		"--output", "$scratch/text");
	my $status = system(@words) >> 8;
	ok($status == 1, "a run in which pipelines hold and break", "@words: exit $status") or finish();
	my ($page) = glob("$scratch/runs/*/report.html");
	return $page // give_up("the run left its report.html");
}

# ---- Chromium: messages end in a NUL, commands have numbers, events none

my ($number, $session, $pending, @events) = (0, undef, "");

sub start
{
	my ($command) = grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") }
		split(/:/, $ENV{PATH});
	give_up("Chromium is there", "install Debian's chromium") if !$command;
	pipe(my $child_reads, $to) or die "pipe: $!\n";
	pipe($from, my $child_writes) or die "pipe: $!\n";
	$chromium = fork() // die "fork: $!\n";
	if (!$chromium) {
		POSIX::setpgid(0, 0);
		# Out of the way of 3 and 4 first, in case they are among them.
		my ($in, $out) = map { POSIX::fcntl($_, 0, 10) // die "fcntl: $!\n" } ($child_reads, $child_writes);
		POSIX::dup2($in, 3);
		POSIX::dup2($out, 4);
		open(STDOUT, ">", "$scratch/chromium.log");
		open(STDERR, ">&", \*STDOUT);
		exec($command, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
			"--user-data-dir=$scratch/profile", "--remote-debugging-pipe", "about:blank")
			or POSIX::_exit(127);
	}
	close($child_reads);
	close($child_writes);
	my $old = select($to);
	$| = 1;
	select($old);
	local $SIG{ALRM} = sub { give_up("Chromium answers", `tail -n 5 $scratch/chromium.log`) };
	alarm(60);
	my $target = call("Target.createTarget", { url => "about:blank" })->{targetId};
	$session = call("Target.attachToTarget", { targetId => $target, flatten => JSON::PP::true })->{sessionId};
	alarm(0);
}

sub message
{
	while ($pending !~ /\0/) {
		my $size = sysread($from, $pending, 1 << 20, length $pending);
		next if !defined $size && $!{EINTR};
		give_up("Chromium stays", `tail -n 5 $scratch/chromium.log`) if !$size;
	}
	$pending =~ s/^([^\0]*)\0//;
	return decode_json($1);
}

sub call
{
	my ($method, $params) = @_;
	my $mine = ++$number;
	my %command = (id => $mine, method => $method, params => $params // {});
	$command{sessionId} = $session if defined $session;
	print $to encode_json(\%command), "\0";
	while (1) {
		my $message = message();
		if (!defined $message->{id}) {
			push @events, $message;
			next;
		}
		next if $message->{id} != $mine;
		die "$method: " . encode_json($message->{error}) . "\n" if $message->{error};
		return $message->{result};
	}
}

sub evaluate
{
	my ($expression) = @_;
	my $result = call("Runtime.evaluate", { expression => $expression, returnByValue => JSON::PP::true });
	die "$expression: " . encode_json($result->{exceptionDetails}) . "\n" if $result->{exceptionDetails};
	return $result->{result}{value};
}

sub press
{
	my ($key, $code, $text) = @_;
	my %event = (key => $key, code => $key, windowsVirtualKeyCode => $code);
	call("Input.dispatchKeyEvent", { type => defined $text ? "keyDown" : "rawKeyDown", %event, text => $text // "" });
	call("Input.dispatchKeyEvent", { type => "keyUp", %event });
}

sub size
{
	my ($width, $height) = @_;
	call("Emulation.setDeviceMetricsOverride",
		{ width => $width, height => $height, deviceScaleFactor => 1, mobile => JSON::PP::false });
}

sub visit
{
	my ($url) = @_;
	@events = ();
	call("Page.navigate", { url => $url });
	for (1 .. 600) {
		return if evaluate("document.readyState") eq "complete" && evaluate("location.href") eq $url;
		select(undef, undef, undef, 0.1);
	}
	give_up("the page is loaded within a minute");
}

# ---- what is asked of the page

sub errors
{
	my @errors;
	for my $event (@events) {
		my $params = $event->{params};
		push @errors, $params->{entry}{text} if $event->{method} eq "Log.entryAdded" && $params->{entry}{level} eq "error";
		push @errors, $params->{exceptionDetails}{text} if $event->{method} eq "Runtime.exceptionThrown";
		push @errors, "console" if $event->{method} eq "Runtime.consoleAPICalled" && $params->{type} eq "error";
	}
	return @errors;
}

sub requests
{
	return map { $_->{params}{request}{url} } grep { $_->{method} eq "Network.requestWillBeSent" } @events;
}

# Tab from the top until the page is left: what was focused on the way, and what of it could not be seen to be.
sub tab_through
{
	my ($most) = @_;
	my (%reached, @unseen);
	evaluate("window.scrollTo(0, 0); document.activeElement.blur(); 1");
	for (1 .. $most) {
		press("Tab", 9);
		my $now = evaluate(q{(() => {
			const at = document.activeElement;
			if (!at || at === document.body) return "";
			const style = getComputedStyle(at), box = at.getBoundingClientRect();
			const seen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
			return (style.outlineStyle !== "none" || at.className === "skip") && seen ? at.id || at.className || at.tagName
				: "unseen " + (at.id || at.outerHTML.slice(0, 80));
		})()});
		last if $now eq "";
		push @unseen, $now if $now =~ s/^unseen //;
		last if $now =~ /^m\d+$/ && $reached{$now}++;
		$reached{$now}++;
	}
	return (\%reached, @unseen);
}

my $contrasts = q{(() => {
	const light = text => {
		const [r, g, b] = text.match(/[\d.]+/g).slice(0, 3).map(n => n / 255)
			.map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = at => {
		for (; at; at = at.parentElement) {
			const colour = getComputedStyle(at).backgroundColor;
			if (!/, 0\)$|transparent/.test(colour)) return colour;
		}
		return "rgb(255, 255, 255)";
	};
	const poor = {};
	for (const at of document.querySelectorAll("a, p, th, td, dt, dd, h1, h2, h3, h4, .badge, .key b, code, summary, .soft")) {
		const ink = light(getComputedStyle(at).color), paper = light(behind(at));
		const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
		if (ratio < 4.5) poor[at.tagName + "." + at.className] = ratio.toFixed(2);
	}
	return Object.entries(poor).map(e => e.join(" ")).join(", ");
})()};

sub check_cells
{
	my $links = evaluate(q{[...document.querySelectorAll(".grid td a")].map(a => a.id)});
	my $sections = evaluate(q{[...document.querySelectorAll("section.cell")].map(s => s.id)});
	ok(@$links >= 10 && @$links == @$sections, "the matrix has cells, each with its section",
		scalar(@$links) . " links, " . scalar(@$sections) . " sections");
	my $unnamed = evaluate(q{[...document.querySelectorAll(".grid td a")].filter(a => !/: (PASS|FAIL|UNKNOWN|ERROR), /
		.test(a.getAttribute("aria-label")) || a.textContent.trim() === "").length});
	ok($unnamed == 0, "each says by a symbol and in words what became of it, not by colour alone", "$unnamed do not");
	my ($reached, @unseen) = tab_through(4 * @$links + 1000);
	my @missed = grep { !$reached->{$_} } @$links;
	ok(!@missed, "Tab reaches every cell", scalar(@missed) . " of " . scalar(@$links) . " are missed: @missed[0 .. ($#missed > 5 ? 5 : $#missed)]");
	ok(!@unseen, "and shows where it is", @unseen);
}

sub check_enter
{
	my $bad = evaluate(q{document.querySelector(".grid td a.fail, .grid td a.caught, .grid td a.error").id});
	evaluate("document.getElementById('$bad').focus(); 1");
	press("Enter", 13, "\r");
	my $id = $bad =~ s/^m/c/r;
	my $seen = 0;
	for (1 .. 50) {
		$seen = evaluate("(() => { const at = document.getElementById('$id'), box = at.getBoundingClientRect();
			return location.hash === '#$id' && getComputedStyle(at).display === 'block' && box.top < innerHeight && box.bottom > 0
				? 1 : 0; })()");
		last if $seen;
		select(undef, undef, undef, 0.1);
	}
	ok($seen, "Enter opens a cell");
	my $parts = evaluate("[...document.querySelectorAll('#$id h4')].map(h => h.textContent).join('|')");
	ok($parts =~ /What happened/ && $parts =~ /Invariants/ && $parts =~ /To run it again/, "which has its story, its "
		. "invariants and how to run it again", $parts);
	my $drawn = evaluate("document.querySelectorAll('#$id svg circle').length");
	ok($parts !~ /Timeline/ || $drawn > 0, "and a timeline with records where it has one");
	press("Tab", 9);
	ok(evaluate("document.activeElement.getAttribute('href')") eq "#$bad", "from there Tab goes on to the way back");
}

sub check_looks
{
	my ($url) = @_;
	for my $scheme ("light", "dark") {
		call("Emulation.setEmulatedMedia", { features => [{ name => "prefers-color-scheme", value => $scheme }] });
		my $poor = evaluate($contrasts);
		ok($poor eq "", "in a $scheme scheme text can be told from what is behind it (4.5 to 1)", $poor);
	}
	call("Emulation.setEmulatedMedia", { media => "print", features => [] });
	my $shown = evaluate(q{[...document.querySelectorAll("section.cell.bad")]
		.filter(s => getComputedStyle(s).display === "none").length});
	ok($shown == 0, "in print every cell that is not good is shown", "$shown are not");
	call("Emulation.setEmulatedMedia", { media => "", features => [] });
	size(400, 800);
	visit($url);
	my $wide = evaluate("document.documentElement.scrollWidth");
	ok($wide <= 400, "in a window of 400 pixels nothing is wider", "$wide pixels");
	my $pdf = decode_base64(call("Page.printToPDF", { preferCSSPageSize => JSON::PP::true })->{data});
	ok($pdf =~ /^%PDF-/ && length $pdf > 20_000, "it prints", length($pdf) . " bytes");
}

my $page = abs_path(real_report());
start();
call($_) for ("Page.enable", "Runtime.enable", "Log.enable", "Network.enable");
size(1280, 900);
visit("file://$page");
my @errors = errors();
ok(!@errors, "the page loads without an error", @errors);
my @requests = requests();
ok(@requests == 1, "and asks for nothing but itself", @requests);
check_cells();
check_enter();
check_looks("file://$page");
@errors = errors();
ok(!@errors, "no error came later", @errors);
finish();
