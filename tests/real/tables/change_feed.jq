include "items";
(range(900) | select((. < 100 or . >= 110) and (. < 880 or . % 2 == 1))
	| {pk: name | s, qty: (if . < 100 and . % 10 == 5 then -1 else . end | n),
	   body: (if . >= 880 then "merged" else "body \(.)" end | s)}),
(range(900; 920) | {pk: name | s, qty: n})
| item
