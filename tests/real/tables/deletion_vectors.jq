include "items";
def gone: . % 11 == 3 or (. >= 400 and . < 404) or . >= 12000;
range(12040)
| if . % 20 == 0 then
	if gone then {body: "back \(.)" | s, qty: (-.) | n} else {body: "again \(.)" | s, qty: n} end
	+ {pk: (. / 4 | floor | name | s), sk: (. % 4 | n)}
  elif gone then empty
  else {pk: (. / 4 | floor | name | s), sk: (. % 4 | n), qty: n,
	body: (if . % 100 == 50 then "BODY \(.)" else "body \(.)" end | s)}
  end
| item
