include "items";
range(950) | select((. >= 900 or . % 11 != 3) and (. < 100 or . >= 110))
| {pk: name | s, qty: n, body: (if . >= 900 then "cloned" else "body \(.)" end | s)} | item
