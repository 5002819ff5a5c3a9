include "items";
range(700) | select(. < 100 or . >= 110) | {pk: name | s, qty: n} | item
