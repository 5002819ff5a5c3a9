include "items";
range(400)
| if . < 200 then {small: (. - 100 | n), nested: {M: {short: (-. | n)}}}
  elif . < 300 then {small: (. * 100 | n)}
  else {small: (. * 1000000 | n), nested: {M: {short: (. * -100000 | n)}}} end
+ {pk: name | s}
| item
