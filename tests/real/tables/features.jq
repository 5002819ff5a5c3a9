include "items";
range(3000) | select(. % 9 != 0 and (. >= 100 or (. % 10 != 1 and . % 10 != 2))) | {pk: name | s, qty: n} | item
