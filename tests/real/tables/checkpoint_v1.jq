include "items";
range(1000) | select((. < 100 and . % 10 == 7 or . >= 200 and . < 300) | not)
| {pk: name | s, version: (if . % 100 == 50 then 1 else 0 end | n),
   more: {M: {a: tostring | s, b: {L: [{N: "1"}, {NULL: true}, {N: "3"}]}}}}
| item
