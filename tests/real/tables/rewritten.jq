include "items";
range(800) | select((. < 200 or . >= 210) and (. < 300 or . >= 310))
| {pk: name | s, qty: n, body: (if . >= 400 and . < 410 then "after" else "body \(.)" end | s)} | item
