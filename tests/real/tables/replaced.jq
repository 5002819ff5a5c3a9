include "items";
range(600) | select((. % 5 != 2 or . < 300) and (. % 5 != 3 or . < 200))
| {pk: name | s, part: (. % 5 | n), qty: (if . % 5 == 2 then -1 elif . % 5 == 3 then -2 else . end | n)} | item
