include "items";
range(1500)
| if . % 100 == 99 then {third: "2024-02-29" | s, addr: {M: {road: "x" | s, zip: "y" | s, city: "z" | s}}}
  elif . < 1000 then {addr: {M: {road: "street \(.)" | s, zip: "zip" | s}}}
  else {addr: {M: {road: "r" | s, zip: {NULL: true}}}} end
+ (if . < 1000 then {first: "one \(.)" | s} else {first: "new \(.)" | s, second: (. * 2 | n)} end)
+ {sk: n}
| item
