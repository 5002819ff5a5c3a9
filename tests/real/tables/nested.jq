include "items";
def null_value: {NULL: true};
range(600)
| {pk: name | s,
   tags: [{SS: ["b", "a", "c"]}, null, {L: [{S: ""}, {S: "é"}]}, {SS: [tostring]}][. % 4],
   numbers: [{NS: ["-1", tostring, "2.5"]}, {L: []}, null_value][. % 3],
   deep: [null,
	{M: {f: {BOOL: true}}},
	{M: {a: {M: {b: null_value, e: {L: [{L: ["x" | s, null_value]}, null_value, {L: []}]}}}}},
	{M: {a: {M: {b: {M: {c: n}}, e: {L: []}}}, f: {BOOL: false}}},
	{M: {a: {M: {b: {M: {c: null_value, d: "d" | s}}}}, f: null_value}}][. % 5],
   counts: [{M: {a: null_value, z: n, "é": (-. | n)}}, {M: {}}, null][. % 3],
   places: (if . % 2 == 0 then {M: {none: null_value, one: {M: {lat: (. / 4 | n), names: {L: [("n", "m") | s]}}}}} else null end),
   addr: (if . % 6 == 0 then (if . % 12 == 0 then null else {M: {}} end) else {M: {street: "street \(.)" | s}} end),
   blobs: (if . % 2 == 0 then {BS: ["/w==", "", "AA=="]} else null end)}
| item
