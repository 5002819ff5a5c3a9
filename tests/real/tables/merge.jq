include "items";
(range(500) | {pk: name | s, amount: (. * 1.25) | n, qty: n, ok: (. % 2 == 0) | bool,
	note: (if . % 10 == 0 then {NULL: true} else "note \(.)" | s end)}),
(range(500; 2000) | select(. % 7 != 0) | {pk: name | s, amount: (. * 3.5) | n, qty: n, ok: (. % 2 == 0) | bool,
	note: "merged" | s}),
(range(2000; 2500) | select(. % 7 != 0) | {pk: name | s, amount: (. * 2) | n, qty: -1 | n})
| item
