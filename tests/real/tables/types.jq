include "items";
def nines($count): "9" * $count;
({pk: "max" | s, dec38: nines(38) | n, dec18: (nines(20) + "." + nines(18)) | n, dec10: "99999999.99" | n, dec19: ("0." + nines(19)) | n,
	bin: {B: "AP+AAQ=="}, ts: "9999-12-31T23:59:59.999999Z" | s, ntz: "9999-12-31T23:59:59.999999" | s, d: "9999-12-31" | s,
	ti: "127" | n, si: "32767" | n, i: "2147483647" | n, bi: "9223372036854775807" | n, f: "1.5" | n, dbl: ("1" + "0" * 100) | n, b: true | bool,
	s: "é日本\u0000\"\\/\t" | s}),
({pk: "min" | s, dec38: ("-" + nines(38)) | n, dec18: ("-" + nines(20) + "." + nines(18)) | n, dec10: "-99999999.99" | n,
	dec19: ("-0." + nines(19)) | n, bin: {B: ""}, ts: "0001-01-01T00:00:00Z" | s, ntz: "0001-01-01T00:00:00" | s, d: "0001-01-01" | s,
	ti: "-128" | n, si: "-32768" | n, i: "-2147483648" | n, bi: "-9223372036854775808" | n, f: "-0.25" | n, dbl: ("-0." + "0" * 99 + "1") | n,
	b: {BOOL: false}, s: "" | s}),
({pk: "zero" | s, dec38: 0 | n, dec18: 0 | n, dec10: 0 | n, dec19: 0 | n, bin: {B: "AA=="}, ts: "1970-01-01T00:00:00.000Z" | s, ntz: "1970-01-01T00:00:00" | s,
	d: "1970-01-01" | s, ti: 0 | n, si: 0 | n, i: 0 | n, bi: 0 | n, f: 0 | n, dbl: 0 | n, b: {BOOL: false}, s: "x" | s}),
({pk: "small" | s, dec38: 1 | n, dec18: ("0." + "0" * 17 + "1") | n, dec10: "0.01" | n, dec19: ("0." + "0" * 18 + "1") | n, bin: {B: "Cg=="},
	ts: "1969-12-31T23:59:59.999999Z" | s, ntz: "1969-12-31T23:59:59.999999" | s, d: "1969-12-31" | s, ti: 1 | n, si: 1 | n, i: 1 | n, bi: 1 | n,
	f: "0.1" | n, dbl: "0.1" | n, b: true | bool, s: " " | s}),
({pk: "null" | s, dec38: {NULL: true}, bin: {NULL: true}, b: {NULL: true}, s: {NULL: true}}),
({pk: "byte" | s, dec38: 128 | n, dec18: "-0.5" | n, dec10: "12.34" | n, dec19: "0.5" | n, bin: {B: "gA=="}, ts: "2024-02-29T14:00:00.5+02:00" | s,
	ntz: "2024-02-29T12:00:00.5" | s, d: "2024-02-29" | s, ti: -1 | n, si: -1 | n, i: -1 | n, bi: -1 | n, f: 0 | n, dbl: 0 | n, b: true | bool,
	s: ("long " * 200) | s})
| item
