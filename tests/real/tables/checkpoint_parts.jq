include "items";
range(600) | {pk: name | s, version: (if . % 100 == 50 then 1 else 0 end | n)} | item
