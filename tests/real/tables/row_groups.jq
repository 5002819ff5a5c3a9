include "items";
range(50000) | select(. % 1000 != 999) | {pk: name | s, qty: n} | item
