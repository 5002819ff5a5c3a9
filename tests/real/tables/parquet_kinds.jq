include "items";
def null_value: {NULL: true};
range(500)
| {pk: name | s, d9: (if . % 7 == 0 then null else . - 250.25 | n end),
   d18: (if . == 0 then 0 else "-\(.).\(pad(4))" end | n),
   d38: (if . % 5 == 0 then null else "\(.)\(. / 2 | floor | pad(18))\(if . % 2 == 1 then ".5" else "" end)" | n end),
   at: (1709121600 + 86400 * . | todate | sub("Z$"; ".125Z") | s),
   tags: (if . % 3 == 0 then null else {L: [("a" | s), null_value, (tostring | s)]} end),
   counts: (if . % 4 == 0 then null else {M: {x: n, y: null_value}} end),
   b: (if . % 6 == 0 then null else . % 2 == 0 | bool end)}
| item
