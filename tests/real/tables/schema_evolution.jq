include "items";
range(450)
| (if . < 250 or . >= 260 and . < 300 then {one: n} elif . < 400 then {one: (-. | n), two: "two \(.)" | s} else
	{three: {M: {x: n, y: {L: [((1704067200 + 86400 * .) | todate[0:10]) | s]}}}} end)
+ (if . == 1 then {four: {M: {a: {N: "1"}, b: {N: "2"}}}, five: {N: "0.1"}} else {} end)
+ {pk: name | s}
| item
